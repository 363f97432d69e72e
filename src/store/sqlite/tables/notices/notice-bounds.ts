/** Of the queue of notices, wherever it lies. Times in milliseconds. */
export const NOTICE_BOUNDS = {
  /** how long whoever leased a delivery may try it */
  lease: 60_000,
  /** deliveries that wait */
  waiting: 10_000,
  /** of them, those that clients could make any number of */
  many: 5_000,
  /** stories within their window, of those likewise */
  stories: 100_000,
  /** deliveries that are dead */
  dead: 5_000,
  /** how long a delivery waits, where nobody tries it */
  waits: 7 * 86_400_000,
  /** how long one that is dead stays */
  keeps: 30 * 86_400_000,
} as const

/** What is said of a delivery that waited too long. */
export const WAITED_TOO_LONG = 'nobody tried it for a week: its hook is configured no more'
