/** How many numbers one step takes: what it does with their rows holds the event loop for about 2 ms at most. */
export const READ_SLICE = 2_000;
export const WRITE_SLICE = 200;
