import type { Environment } from '../../config/read-environment.ts'

/** Where a command writes: results to `out`, progress and diagnostics to `err`. */
export interface Output {
  out(text: string): void
  err(text: string): void
  /** whether ANSI colours may be written */
  readonly colour: { readonly out: boolean; readonly err: boolean }
  /** the width of a terminal on `out`; `undefined` where there is none, and nothing is wrapped */
  readonly columns: number | undefined
  /** stderr is a terminal: a line of progress may be written and wiped; on a log it is a line a minute */
  readonly progress: boolean
}

interface Stream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown
}

const WIDEST = 100

/**
 * Colours on a terminal only, unless NO_COLOR (any value) forbids or FORCE_COLOR (but 0 and false) demands them. `clean` takes
 * secrets out of whatever is written.
 */
export function createOutput(
  streams: { readonly stdout: Stream; readonly stderr: Stream },
  environment: Environment,
  clean: (text: string) => string = text => text,
): Output {
  const { stdout, stderr } = streams
  for (const stream of [stdout, stderr]) stream.on('error', ignoreClosedPipe)
  return {
    out: text => void stdout.write(clean(text)),
    err: text => void stderr.write(clean(text)),
    colour: { out: wantsColour(stdout, environment), err: wantsColour(stderr, environment) },
    columns: stdout.isTTY === true && stdout.columns ? Math.min(stdout.columns, WIDEST) : undefined,
    progress: stderr.isTTY === true && environment['TERM'] !== 'dumb',
  }
}

function wantsColour({ isTTY }: Stream, environment: Environment): boolean {
  const { NO_COLOR: no, FORCE_COLOR: force, TERM: term } = environment
  if (no !== undefined && no !== '') return false // no-color.org: present and not empty
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false'
  return isTTY === true && term !== 'dumb'
}

/** `portcullis … | head` is no failure. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
}
