import { randomBytes } from 'node:crypto'
import { CommanderError } from 'commander'
import { cut } from '../../domain/base/cut.ts'
import { errorEntry, GateError } from '../../domain/base/errors.ts'
import { createScreen, inert, styled } from '../terminal/screen.ts'
import type { ExitCode, Services } from './services.ts'

/** Says on stderr why a command ended, and returns the exit code of it. */
export function reportError(error: unknown, services: Pick<Services, 'output' | 'environment'>): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2 // commander has said it already
  if (error instanceof GateError && error.code !== 'unknown-bug') return reportGateError(error, services)
  return reportDefect(error, services)
}

/** Errors whose remedy would only say the same again. */
const PLAIN: ReadonlySet<string> = new Set([
  'usage',
  'no-project',
  'not-found',
  'not-listed',
  'bad-request',
  'unknown-gate',
])

function reportGateError(
  error: GateError,
  { output, environment }: Pick<Services, 'output' | 'environment'>,
): ExitCode {
  const screen = createScreen(output, 'err')
  const { title, remedy, exit } = errorEntry(error.code)
  const head = styled('bad', 'error')
  const [first = '', ...others] = error.detail.split('\n')
  if (error.code === 'config-invalid' || error.code === 'policy-invalid') {
    screen.line(head, `: ${title}`)
    screen.line(first) // each alone, as editors and CI look for them
  } else if (PLAIN.has(error.code)) screen.line(head, `: ${first}`)
  else screen.line(head, `: ${title}: ${first} (${error.code})`)
  for (const diagnostic of others) screen.line(diagnostic)
  if (!PLAIN.has(error.code)) screen.line(remedy)
  if (environment['PORTCULLIS_DEBUG'] === '1') screen.block(2, stackOf(error))
  return exit
}

/** One line, with an id to find it by; the stack only for those who ask. */
function reportDefect(error: unknown, { output, environment }: Pick<Services, 'output' | 'environment'>): ExitCode {
  const screen = createScreen(output, 'err')
  const id = randomBytes(4).toString('hex')
  const what = cut(inert(error instanceof Error ? `${error.name}: ${error.message}` : String(error)), 300)
  const debug = environment['PORTCULLIS_DEBUG'] === '1'
  screen.line(
    styled('bad', 'internal error'),
    ` ${id}: ${what}. This is a defect: please report it${debug ? '.' : '; PORTCULLIS_DEBUG=1 shows the stack.'}`,
  )
  if (debug) screen.block(2, stackOf(error))
  return 3
}

/** The error and what caused it. */
function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const stack = error.stack ?? `${error.name}: ${error.message}`
  return error.cause === undefined ? stack : `${stack}\ncaused by ${stackOf(error.cause)}`
}
