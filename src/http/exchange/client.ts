/** Who asks. */
export interface Client {
  /** of the connection, or the one that a trusted proxy names */
  readonly address: string
  /** whom a guard recognised; `anonymous` where nobody has to say */
  readonly subject: string
}

export const ANONYMOUS = 'anonymous'
