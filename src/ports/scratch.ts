/** Files that end with the process, for what is too long to be held in memory. */
export interface Scratch {
  /** Takes a source to its end; what it throws is thrown, and nothing is left. Throws `unknown-store` where it cannot be kept. */
  write(source: AsyncIterable<Buffer>): Promise<ScratchFile>
}

/** Position reads only, so that many readers share one. */
export interface ScratchFile {
  /** bytes */
  readonly size: number
  /** Reads into `buffer` at `position`; resolves to the count. */
  read(buffer: Buffer, position: number): Promise<number>
  /** One more has it; whoever has it closes it, and with the last it is gone. Begins with one. */
  hold(): void
  close(): void
}
