export { nameSources, run } from './main.ts';
