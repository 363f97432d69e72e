import type { Readable } from 'node:stream'
import { GateError } from '../domain/base/errors.ts'
import type { Artifact } from '../domain/packaging/artifact.ts'
import { type Asking, type Recycle, type ResumableOrigin, untrusted } from '../ports/outward.ts'
import { isBelowAny, parseUpstreamBase } from '../protocol/simple/upstream-base.ts'
import type { UpstreamAgent } from './agent.ts'
import { recycle } from './answer-body.ts'
import { type Answer, type AnswerHeaders, single } from './exchange.ts'
import { fetchFlowing, unexpected } from './fetch-small.ts'
import { discard, follow, withOneRetry } from './follow.ts'
import { upstreamFailure } from './upstream-failure.ts'

const WHO = 'the file origin'
const GZIP: ReadonlySet<string> = new Set(['gzip', 'x-gzip'])
/** bytes from which on a body comes in pieces that are used again */
const WORTH_PIECES = 512 * 1024
const MOST_METADATA = 16 * 1024 * 1024

/**
 * File bytes from `upstream.files`, unchecked, as they were sent. A body with neither Content-Length nor chunks ends where its connection
 * does, so an early end of one looks like a whole body here; size and digest, compared by the gate, tell.
 */
export function createOrigin(options: {
  readonly agent: UpstreamAgent
  /** `upstream.files` */
  readonly files: readonly string[]
  /** bytes, `files.max_size` */
  readonly maxSize: number
}): ResumableOrigin {
  const { agent, maxSize } = options
  const bases = options.files.map(text => parseUpstreamBase(text, 'upstream.files').href)
  const isServed = (url: URL): boolean => isBelowAny(url, bases)

  function locate(artifact: Artifact, suffix: string): URL {
    const url = new URL(artifact.url)
    url.hash = ''
    url.pathname += suffix
    if (!isServed(url)) throw new GateError('unknown-bug', `${artifact.filename.text} lies outside upstream.files`)
    return url
  }

  async function ask(
    artifact: Artifact,
    range: Readonly<Record<string, string>>,
    signal: AbortSignal,
    asking?: Asking,
  ): Promise<Answer> {
    const hop = {
      who: WHO,
      what: 'file',
      method: 'GET',
      url: locate(artifact, ''),
      headers: { 'accept-encoding': 'identity', ...range },
      signal,
      asking,
    } as const
    return (await withOneRetry(signal, () => follow(agent, hop, isServed))).answer
  }

  return {
    async file(artifact, signal, asking) {
      try {
        return untrusted(openBody(artifact, await ask(artifact, {}, signal, asking), maxSize))
      } catch (error) {
        throw upstreamFailure(WHO, error)
      }
    },

    // no If-Range: which bytes belong together is told by the digest of the whole, and tags differ between caches
    async rest(artifact, from, signal) {
      try {
        const answer = await ask(artifact, { range: `bytes=${from}-` }, signal)
        if (answer.status === 206) return untrusted(openPart(artifact, answer, { from, maxSize }))
        if (answer.status !== 416) return untrusted({ ...openBody(artifact, answer, maxSize), start: 0 })
        discard(answer)
        return untrusted({ ...openBody(artifact, await ask(artifact, {}, signal), maxSize), start: 0 })
      } catch (error) {
        throw upstreamFailure(WHO, error)
      }
    },

    async metadata(artifact, take, asking) {
      const request = {
        who: WHO,
        what: 'metadata',
        asking,
        url: locate(artifact, '.metadata'),
        headers: { 'accept-encoding': 'identity' },
        mayLead: isServed,
        most: MOST_METADATA,
      } as const
      const answer = await fetchFlowing(agent, request, body => take(untrusted(body)))
      return answer.status === 404 ? { kind: 'absent' } : { kind: 'metadata', taken: answer.taken }
    },
  }
}

function openBody(
  artifact: Artifact,
  answer: Answer,
  maxSize: number,
): { readonly body: Readable; readonly length: number | undefined; readonly recycle: Recycle } {
  const { status, headers, body } = answer
  if (status !== 200) {
    discard(answer)
    throw unexpected(WHO, answer)
  }
  try {
    const length = declaredLength(artifact, headers, maxSize)
    body.atMost(maxSize, () => tooLarge(artifact, undefined, maxSize))
    if (length === undefined || length >= WORTH_PIECES) body.inPieces()
    return { body, length, recycle }
  } catch (error) {
    body.destroy()
    throw error
  }
}

/** RFC 9110, 14.4: one part, to the end. */
const PART = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/

function openPart(
  artifact: Artifact,
  { headers, body }: Answer,
  { from, maxSize }: { readonly from: number; readonly maxSize: number },
): { readonly body: Readable; readonly start: number; readonly length: number; readonly recycle: Recycle } {
  try {
    const [, start, end, whole] = (PART.exec(single(WHO, headers, 'content-range') ?? '') ?? []).map(Number)
    if (start === undefined || end === undefined || whole === undefined || start > from || end !== whole - 1)
      throw new GateError('unknown-upstream', `${WHO} sent another part of the file than was asked for`)
    assertAsStored(artifact, headers)
    assertLength(artifact, whole, maxSize)
    body.atMost(whole - start, () => tooLarge(artifact, undefined, maxSize))
    if (whole - start >= WORTH_PIECES) body.inPieces()
    return { body, start, length: whole, recycle }
  } catch (error) {
    body.destroy()
    throw error
  }
}

/** A whole file, as it is: no part, no coding, of the size that the index gives. */
function declaredLength(artifact: Artifact, headers: AnswerHeaders, maxSize: number): number | undefined {
  if (headers['content-range'] !== undefined) throw new GateError('unknown-upstream', `${WHO} sent a part of a file`)
  assertAsStored(artifact, headers)
  const text = single(WHO, headers, 'content-length')
  const length = text === undefined ? undefined : Number(text)
  if (length !== undefined) assertLength(artifact, length, maxSize)
  return length
}

/**
 * No coding was asked for. Servers of files say `gzip` all the same of a `.tar.gz` that they store, because of its name; pip and
 * uv take its bytes as they were sent, so that it is they that must have the index's digest, and here it is the same. Where
 * only what they unfold to has it, something on the way has packed them, which is no file of the index.
 */
function assertAsStored({ filename }: Artifact, headers: AnswerHeaders): void {
  const coding = single(WHO, headers, 'content-encoding')?.trim().toLowerCase() ?? ''
  if (GZIP.has(coding) && filename.text.endsWith('.tar.gz')) return
  if (coding !== '' && coding !== 'identity')
    throw new GateError('unknown-upstream', `${WHO} sent a content coding that was not asked for`, {
      untrusted: { coding },
    })
}

function assertLength(artifact: Artifact, length: number, maxSize: number): void {
  if (artifact.size !== undefined && length !== artifact.size)
    throw new GateError(
      'integrity-mismatch',
      `${artifact.filename.text}: ${artifact.size} bytes were expected, ${WHO} announces ${length}`,
    )
  if (length > maxSize) throw tooLarge(artifact, length, maxSize)
}

function tooLarge(artifact: Artifact, bytes: number | undefined, maxSize: number): GateError {
  return new GateError(
    'integrity-mismatch',
    `${artifact.filename.text} has ${bytes === undefined ? 'too many' : bytes} bytes, files.max_size is ${maxSize}`,
  )
}
