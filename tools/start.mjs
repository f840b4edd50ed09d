#!/usr/bin/env node
// `npm start`: makes the checkout ready, then runs the command given in this very process, so that a signal sent to it
// reaches the command. npm runs no "pre" scripts here: .npmrc turns scripts of packages off, and those with them.
await import('./prepare.mjs');
await import('../apps/cli/bin/roundhouse.js');
