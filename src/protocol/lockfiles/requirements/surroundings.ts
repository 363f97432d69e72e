export type Environment = Readonly<Record<string, string | undefined>>

/** What a requirements file may reach beyond itself. */
export interface Surroundings {
  /** Reads a file that `-r` or `-c` names; throws `usage` when it cannot. */
  read(path: string): Uint8Array
  /** for `${NAME}` */
  readonly environment: Environment
}
