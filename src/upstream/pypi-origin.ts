import type { Readable } from 'node:stream'
import type { Artifact } from '../domain/artifact.ts'
import { GateError } from '../domain/errors.ts'
import { type Origin, untrusted } from '../ports.ts'
import { parseUpstreamBase } from '../protocol/upstream-base.ts'
import type { UpstreamAgent } from './agent.ts'
import { type Answer, type AnswerHeaders, single } from './exchange.ts'
import { fetchSmall, unexpected } from './fetch-small.ts'
import { discard, follow, withOneRetry } from './follow.ts'
import { upstreamFailure } from './upstream-failure.ts'

const WHO = 'the file origin'
const MOST_METADATA = 16 * 1024 * 1024

/**
 * File bytes from `upstream.files`, unchecked. A body with neither Content-Length nor chunks ends where its connection
 * does, so an early end of one looks like a whole body here; size and digest, compared by the gate, tell.
 */
export function createOrigin(options: {
  readonly agent: UpstreamAgent
  /** `upstream.files` */
  readonly files: readonly string[]
  /** bytes, `files.max_size` */
  readonly maxSize: number
}): Origin {
  const { agent, maxSize } = options
  const origins = new Set(options.files.map(text => parseUpstreamBase(text, 'upstream.files').origin))

  function locate(artifact: Artifact, suffix: string): URL {
    const url = new URL(artifact.url)
    if (!origins.has(url.origin))
      throw new GateError('unknown-bug', `${artifact.filename.text} lies outside upstream.files`)
    url.hash = ''
    url.pathname += suffix
    return url
  }

  return {
    async file(artifact, signal) {
      const hop = {
        who: WHO,
        what: 'file',
        method: 'GET',
        url: locate(artifact, ''),
        headers: { 'accept-encoding': 'identity' },
        signal,
      } as const
      try {
        const { answer } = await withOneRetry(signal, () => follow(agent, hop, origins))
        return untrusted(openBody(artifact, answer, maxSize))
      } catch (error) {
        throw upstreamFailure(WHO, error)
      }
    },

    async metadata(artifact) {
      const answer = await fetchSmall(agent, {
        who: WHO,
        what: 'metadata',
        url: locate(artifact, '.metadata'),
        headers: { 'accept-encoding': 'identity' },
        origins,
        most: MOST_METADATA,
      })
      if (answer.status === 404) return { kind: 'absent' }
      if (answer.status === 304)
        throw new GateError('unknown-upstream', `${WHO} answered 304 to a request without a condition`)
      return { kind: 'metadata', bytes: untrusted(answer.bytes) }
    },
  }
}

function openBody(
  artifact: Artifact,
  answer: Answer,
  maxSize: number,
): { readonly body: Readable; readonly length: number | undefined } {
  const { status, headers, body } = answer
  if (status !== 200) {
    discard(answer)
    throw unexpected(WHO, answer)
  }
  try {
    const length = declaredLength(artifact, headers, maxSize)
    body.atMost(maxSize, () => tooLarge(artifact, undefined, maxSize))
    return { body, length }
  } catch (error) {
    body.destroy()
    throw error
  }
}

/** A whole file, as it is: no part, no coding, of the size that the index gives. */
function declaredLength(artifact: Artifact, headers: AnswerHeaders, maxSize: number): number | undefined {
  if (headers['content-range'] !== undefined) throw new GateError('unknown-upstream', `${WHO} sent a part of a file`)
  const coding = single(WHO, headers, 'content-encoding')?.trim().toLowerCase() ?? ''
  if (coding !== '' && coding !== 'identity')
    throw new GateError('unknown-upstream', `${WHO} sent a content coding that was not asked for`, {
      untrusted: { coding },
    })
  const text = single(WHO, headers, 'content-length')
  const length = text === undefined ? undefined : Number(text)
  if (length !== undefined && artifact.size !== undefined && length !== artifact.size)
    throw new GateError(
      'integrity-mismatch',
      `${artifact.filename.text}: ${artifact.size} bytes were expected, ${WHO} announces ${length}`,
    )
  if (length !== undefined && length > maxSize) throw tooLarge(artifact, length, maxSize)
  return length
}

function tooLarge(artifact: Artifact, bytes: number | undefined, maxSize: number): GateError {
  return new GateError(
    'integrity-mismatch',
    `${artifact.filename.text} has ${bytes === undefined ? 'too many' : bytes} bytes, files.max_size is ${maxSize}`,
  )
}
