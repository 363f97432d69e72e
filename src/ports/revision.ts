/** Files as they were in a revision of the repository that they lie in. */
export interface Revision {
  /** as somebody wrote it */
  readonly name: string
  /**
   * Bytes of a file, by its path in the working tree; `undefined` where the revision has none there. Throws `usage` where there is no
   * repository, no such revision, or something else than a file.
   */
  read(path: string): Uint8Array | undefined
}
