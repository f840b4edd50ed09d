export {
  type BalancedCall,
  type BalancedPool,
  type BalancedPoolOptions,
  createBalancedPool,
} from './balancedPool.ts';
