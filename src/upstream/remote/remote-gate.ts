import { GateError } from '../../domain/base/errors.ts'
import { millis } from '../../domain/base/instant.ts'
import type { RemoteGate } from '../../ports/console/remote-gate.ts'
import { PROBLEM } from '../../protocol/api/openapi.ts'
import { API_BASE, type Operation } from '../../protocol/api/operation.ts'
import { OPERATIONS, type OperationId } from '../../protocol/api/operations.ts'
import { JsonError, parseJsonStrict } from '../../protocol/text/json.ts'
import { createConnections, type DispatcherOptions } from '../dispatcher.ts'

interface Options extends Omit<DispatcherOptions, 'timeout'> {
  /** of its console */
  readonly origin: string
  readonly token: string | undefined
  /** of this product */
  readonly version: string
  readonly timeoutMs?: number
}

/** bytes of an answer: the history of a large project has some */
const MOST = 64 * 1024 * 1024
const DEPTH = 40
/** ms until an answer is there: a release may have many files to judge */
const PATIENCE_MS = 120_000
const IDLE = millis(30_000)

/** A gate that runs, asked through the API of its console: its origin and no other, TLS verified, redirects are no answers. */
export function createRemoteGate({
  origin,
  token,
  version,
  timeoutMs = PATIENCE_MS,
  ...connecting
}: Options): RemoteGate {
  const connections = createConnections({ ...connecting, timeout: millis(timeoutMs) }, { connections: 4, idle: IDLE })

  async function fetchText(
    url: URL,
    { method, type = 'application/json' }: Operation,
    body: unknown,
  ): Promise<{ readonly status: number; readonly bytes: Buffer }> {
    const { fetch } = await import('undici')
    const headers = {
      accept: type,
      'user-agent': `portcullis/${version}`,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    }
    const signal = AbortSignal.timeout(timeoutMs)
    const answer = await fetch(url, {
      method,
      headers,
      redirect: 'manual',
      signal,
      dispatcher: await connections.open(),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const pieces: Uint8Array[] = []
    let size = 0
    for await (const piece of answer.body ?? []) {
      size += (piece as Uint8Array).byteLength
      if (size > MOST) throw cannotTell(`it answered with more than ${MOST} bytes`)
      pieces.push(piece as Uint8Array)
    }
    return { status: answer.status, bytes: Buffer.concat(pieces) }
  }

  async function call(
    id: OperationId,
    said: Readonly<Record<string, string | undefined>>,
    body?: unknown,
  ): Promise<unknown> {
    const told: Operation = OPERATIONS[id]
    const url = urlOf(origin, told, said)
    const { status, bytes } = await fetchText(url, told, body).catch((error: unknown) => {
      throw failure(error)
    })
    if (status !== told.status) throw refusalOf(status, bytes)
    if (told.type !== undefined) return bytes.toString()
    const { success, data } = told.answer.safeParse(readJson(bytes))
    if (!success) throw cannotTell('its answer is not what this program reads: it may be of another version')
    return data
  }

  return { ask: call as RemoteGate['ask'], tell: call as RemoteGate['tell'], close: () => connections.close() }
}

function urlOf(origin: string, { path, params }: Operation, said: Readonly<Record<string, string | undefined>>): URL {
  const placed = path.replace(/\{([a-z_]+)\}/g, (_, name: string) => encodeURIComponent(said[name] ?? ''))
  const url = new URL(`${origin}${API_BASE}${placed}`)
  for (const [name, value] of Object.entries(said))
    if (value !== undefined && !Object.hasOwn(params.shape, name)) url.searchParams.set(name, value)
  return url
}

function readJson(bytes: Buffer): unknown {
  try {
    return parseJsonStrict(bytes, { bytes: MOST, depth: DEPTH })
  } catch (error) {
    if (error instanceof JsonError) return undefined
    throw error
  }
}

/** What the gate says in place of an answer. What it cannot tell, nobody can; the rest is a matter of what was asked, and by whom. */
function refusalOf(status: number, bytes: Buffer): GateError {
  const { data: problem } = PROBLEM.safeParse(readJson(bytes))
  const detail = problem?.detail ?? `it answered ${status}`
  // whatever a console is asked for by this program it serves by this method; packages are only read
  const hint = status === 405 ? '; --gate names where the console is, and not where packages are' : ''
  if (status >= 400 && status < 500 && problem !== undefined)
    return new GateError('usage', `the gate says: ${detail}${hint}`)
  return cannotTell(problem === undefined ? detail : `${detail} (${problem.code})`)
}

function failure(error: unknown): GateError {
  if (error instanceof GateError) return error
  const { cause, name } = (error ?? {}) as { readonly cause?: { readonly code?: unknown }; readonly name?: unknown }
  if (name === 'TimeoutError') return cannotTell('it did not answer in time', error)
  const code = cause?.code
  const why = typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code) ? ` (${code})` : ''
  const hint = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|HOSTNAME_MISMATCH/.test(why)
    ? '; a private authority is named with --ca'
    : ''
  return cannotTell(`the connection failed${why}${hint}`, error)
}

function cannotTell(detail: string, cause?: unknown): GateError {
  return new GateError('unknown-gate', `the gate that --gate names cannot be asked: ${detail}`, { cause })
}
