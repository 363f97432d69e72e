/** One line of an explanation. */
export interface Step {
  readonly mark: 'pass' | 'fail' | 'skip'
  readonly check: string
  readonly expected?: string
  readonly found?: string
}
