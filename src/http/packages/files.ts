import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { GateError } from '../../domain/base/errors.ts'
import { Admitted, type Refused } from '../../domain/decide/verdict.ts'
import type { Artifact, FilePath } from '../../domain/packaging/artifact.ts'
import { parseFilePath } from '../../domain/packaging/file-path.ts'
import type { OpenFile } from '../../gate/files/open-file.ts'
import type { Router, Segments } from '../door/router.ts'
import { sendAnswer } from '../exchange/answer.ts'
import { noneMatch } from '../exchange/conditional.ts'
import type { Exchange } from '../exchange/exchange.ts'
import { sendRefusal } from '../exchange/refusals.ts'
import type { Serving } from '../exchange/settings.ts'
import { readRange } from './ranges.ts'
import { etagOf, fileHeaders, sendDocument, sendFile } from './send-file.ts'

const METADATA = '.metadata'

/** `/packages/<2>/<2>/<60>/<filename>` and the `.metadata` beside it: the one door through which files leave. */
export function addFiles(router: Router, serving: Serving): void {
  router.add(`${serving.path}/packages/:a/:b/:rest/:filename`, 'file', (exchange, segments) =>
    answerFile(serving, exchange, segments),
  )
}

/** A file or its metadata by the decoded segments of its path. */
export async function answerFile(serving: Serving, exchange: Exchange, segments: Segments): Promise<void> {
  const { filename = '' } = segments
  const asked = filename.endsWith(METADATA) ? 'metadata' : 'file'
  exchange.route = asked
  const path = pathOf(segments, asked === 'file' ? filename : filename.slice(0, -METADATA.length))
  const located = serving.gate.atHand.locate(path) ?? (await serving.gate.locate(path, exchange.asker))
  const verdict = admittedAtHand(serving, located) ?? (await judged(serving, exchange, located))
  if (verdict === undefined) return
  // told when it is known that something leaves: an admission that a wrong byte or an upstream that is away follows was none; and
  // written down before it does, because without a journal nothing is served
  const given = (): void => serving.gate.journal(verdict, exchange.client, exchange.started)
  const begun = (): (() => void) => {
    const tell = serving.gate.record(verdict, exchange.client)
    return () => tell(exchange.started)
  }
  if (asked === 'metadata') return await sendMetadata(serving, exchange, verdict, given)
  const etag = etagOf(verdict.artifact.sha256)
  // only now: a client that has the bytes of a file refused since must not keep them in good faith
  if (!noneMatch(exchange.header('if-none-match'), etag)) {
    given()
    return sendAnswer(exchange, { status: 304, headers: fileHeaders(serving.settings, etag) })
  }
  if (exchange.isHead) return await sendFacts(serving, exchange, verdict, given)
  const file = await unlessRefused(serving, exchange, verdict, () => opened(serving, exchange, verdict))
  if (file === undefined) return
  await sendFile(serving, exchange, file, { mayLeave: () => stillAdmitted(serving, exchange, verdict), begun })
}

/** ms; what ends by itself (an exemption, the trust in a root) may go on for so long */
const AT_ONCE = 1_000

/**
 * Waiting for a download takes time, and what is in force when the first byte leaves decides. False when the refusal went
 * out instead.
 */
function stillAdmitted(serving: Serving, exchange: Exchange, verdict: Admitted): boolean | Promise<boolean> {
  const isInForce = verdict.facts.policyDigest === serving.gate.policy().digest
  return (isInForce && performance.now() - exchange.started < AT_ONCE) || admittedAnew(serving, exchange, verdict)
}

async function admittedAnew(serving: Serving, exchange: Exchange, { artifact }: Admitted): Promise<boolean> {
  const { gate } = serving
  const verdict = await gate.judge(artifact, exchange.asker)
  if (Admitted.is(verdict)) return true
  gate.journal(verdict, exchange.client, exchange.started)
  await sendRefusal(serving, exchange, verdict)
  return false
}

function pathOf(segments: Segments, filename: string): FilePath {
  const { a = '', b = '', rest = '' } = segments
  const path = parseFilePath(a, b, rest, filename)
  if (path === undefined) throw new GateError('not-found', 'no file has such a path')
  return path
}

/** The admission, where it needs no waiting. */
function admittedAtHand({ gate }: Serving, located: Artifact | Refused): Admitted | undefined {
  const verdict = 'kind' in located ? undefined : gate.atHand.judge(located)
  if (verdict === undefined || Admitted.is(verdict)) return verdict // a 304 opens nothing, so this is its door
  throw new GateError('unknown-bug', 'only an admission lets a file out')
}

/** The admission, or nothing when the refusal went out, and into the journal. */
async function judged(
  serving: Serving,
  exchange: Exchange,
  located: Artifact | Refused,
): Promise<Admitted | undefined> {
  const { gate } = serving
  const verdict = 'kind' in located ? located : await gate.judge(located, exchange.asker)
  if (Admitted.is(verdict)) return verdict // a 304 opens nothing, so this is its door
  gate.journal(verdict, exchange.client, exchange.started)
  await sendRefusal(serving, exchange, verdict)
  return undefined
}

/** What is read of a file, or nothing when it turned out, as it was looked into, to be one that is refused. */
async function unlessRefused<Read>(
  serving: Serving,
  exchange: Exchange,
  verdict: Admitted,
  read: () => Promise<Read>,
): Promise<Read | undefined> {
  try {
    return await read()
  } catch (error) {
    // what it is refused for is known by now
    if (!(error instanceof GateError) || error.code !== 'unknown-archive') throw error
    if (await admittedAnew(serving, exchange, verdict)) throw error
    return undefined
  }
}

/**
 * To HEAD: what GET would say, of a file whose verdict is known and whose bytes nobody asked for. Its length is left out where
 * only the bytes would tell it (RFC 9110 §9.3.2).
 */
async function sendFacts(serving: Serving, exchange: Exchange, verdict: Admitted, given: () => void): Promise<void> {
  const facts = await unlessRefused(serving, exchange, verdict, () => serving.gate.describe(verdict))
  if (facts === undefined || !(await stillAdmitted(serving, exchange, verdict))) return
  given()
  const { sha256, size } = facts
  const headers = [...fileHeaders(serving.settings, etagOf(sha256)), 'Content-Type', 'application/octet-stream']
  if (size !== undefined) headers.push('Content-Length', `${size}`)
  sendAnswer(exchange, { status: 200, headers })
}

/** A part can only be cut from stored bytes: a Range waits a while for them, and then gets the whole body instead. */
async function opened(serving: Serving, exchange: Exchange, verdict: Admitted): Promise<OpenFile> {
  const file = await serving.gate.open(verdict, exchange.asker)
  if (file.kind === 'stored' || !asksForPart(exchange, file)) return file
  const timer = new AbortController()
  const late = sleep(serving.limits.joinMs, 'late' as const, { signal: timer.signal, ref: false }).catch(
    () => 'late' as const,
  )
  try {
    const first = await Promise.race([file.stored.then(() => 'stored' as const), late])
    return first === 'stored' ? await serving.gate.open(verdict, exchange.asker) : file
  } finally {
    timer.abort()
  }
}

function asksForPart(exchange: Exchange, { file }: OpenFile): boolean {
  const headers = { range: exchange.header('range'), ifRange: exchange.header('if-range') }
  return readRange(headers, { size: file.size, etag: etagOf(file.sha256) }).kind !== 'whole'
}

async function sendMetadata(serving: Serving, exchange: Exchange, verdict: Admitted, given: () => void): Promise<void> {
  const opened = await unlessRefused(serving, exchange, verdict, () =>
    serving.gate.openMetadata(verdict, exchange.asker),
  )
  if (opened === undefined) return
  if (opened.kind === 'refused') {
    serving.gate.journal(opened, exchange.client, exchange.started)
    return await sendRefusal(serving, exchange, opened)
  }
  const { document } = opened
  try {
    if (!(await stillAdmitted(serving, exchange, verdict)) || exchange.over) return
    given()
    const etag = etagOf(document.sha256)
    const headers = [...fileHeaders(serving.settings, etag), 'Content-Type', 'application/octet-stream']
    if (!noneMatch(exchange.header('if-none-match'), etag)) return sendAnswer(exchange, { status: 304, headers })
    await sendDocument(serving, exchange, { headers, document })
  } finally {
    document.close()
  }
}
