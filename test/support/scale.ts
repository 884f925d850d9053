const whole = process.env.TEST_SCALE === 'full'

/**
 * How much of a large test runs: a sample with `npm test`, all of it with `npm run test:full`.
 * @example for (let round = 0; round < scale(5, 50); round++) …
 */
export const scale = (sample: number, full: number): number => (whole ? full : sample)
