/** Options of a test that runs each time only where `always` holds: `npm run test:slow` runs those left out. */
export const eachTimeIf = (always: boolean): { tags?: string[] } => (always ? {} : { tags: ['slow'] })
