import { Readable } from 'node:stream'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3'
import type { Sha256 } from '../../domain/base/digest.ts'
import { errorCode } from '../../domain/base/error-code.ts'
import { GateError } from '../../domain/base/errors.ts'
import { type Bucket, type BucketAddress, digestIn, folderOf, keyOf } from './bucket.ts'

/** Until there is a connection, ms. */
const CONNECTS_WITHIN = 2_000
/** Until the headers of an answer, and how long a body may say nothing, ms. */
const ANSWERS_WITHIN = 5_000
/** What is asked for to see whether it answers: no object is called so. */
const PROBE = 'probe'
/** Connections at once. */
const CONNECTIONS = 48

/**
 * A bucket of S3, or of what speaks its language. Credentials are those of the SDK's own chain (`AWS_…`, files, the identity of a
 * workload). Nothing is tried twice in here but what was asked on a connection
 * that broke: whoever asks knows whether more is worth it.
 */
export function createS3Bucket({ bucket, prefix, endpoint, region }: BucketAddress): Bucket {
  const client = new S3Client({
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(region === undefined ? (endpoint === undefined ? {} : { region: 'us-east-1' }) : { region }),
    maxAttempts: 1,
    logger: SILENT,
    // the digest of the content is signed, and checked by whoever takes it: other sums say nothing more
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECTS_WITHIN,
      socketTimeout: ANSWERS_WITHIN,
      httpAgent: { keepAlive: true, maxSockets: CONNECTIONS },
      httpsAgent: { keepAlive: true, maxSockets: CONNECTIONS },
    },
  })
  const placeOf = (sha256: Sha256) => ({ Bucket: bucket, Key: keyOf(prefix, sha256) })
  const headers = (signal?: AbortSignal) => ({ abortSignal: within(ANSWERS_WITHIN + CONNECTS_WITHIN, signal) })

  return {
    async get(sha256, signal) {
      const ending = new AbortController()
      // until the headers are there, then only as long as whoever asked wants it
      const late = setTimeout(() => ending.abort(), ANSWERS_WITHIN + CONNECTS_WITHIN)
      const abortSignal = signal === undefined ? ending.signal : AbortSignal.any([signal, ending.signal])
      try {
        const answer = await asked(() => client.send(new GetObjectCommand(placeOf(sha256)), { abortSignal }))
        if (answer === undefined) return undefined
        const { Body: body, ContentLength: size, ETag: tag = '' } = answer
        if (!(body instanceof Readable) || size === undefined) throw new GateError('unknown-store', STRANGE)
        return { body, size, tag }
      } finally {
        clearTimeout(late)
      }
    },
    async head(sha256) {
      const answer = await asked(() => client.send(new HeadObjectCommand(placeOf(sha256)), headers()))
      if (answer === undefined) return undefined
      const { ContentLength: size, ETag: tag = '' } = answer
      if (size === undefined) throw new GateError('unknown-store', STRANGE)
      return { size, tag }
    },
    async put(sha256, { size, body }, { over = 'nothing', signal } = {}) {
      const command = new PutObjectCommand({
        ...placeOf(sha256),
        Body: body,
        ContentLength: size,
        ContentType: 'application/octet-stream',
        ...(over === 'nothing' ? { IfNoneMatch: '*' } : {}),
      })
      command.middlewareStack.add(
        next => async args => {
          const { request } = args as { readonly request: { readonly headers: Record<string, string> } }
          request.headers['x-amz-content-sha256'] = sha256
          return await next(args)
        },
        { step: 'build', name: 'digestOfContent' },
      )
      try {
        await client.send(command, signal === undefined ? {} : { abortSignal: signal })
        return 'stored'
      } catch (error) {
        // 412: an object stands there; 409: another one is just coming in
        if (error instanceof S3ServiceException && isTaken(error)) return 'there'
        throw bucketError(error)
      }
    },
    async delete(sha256) {
      await asked(() => client.send(new DeleteObjectCommand(placeOf(sha256)), headers()))
    },
    async *list() {
      let after: string | undefined
      do {
        const page = await asked(() =>
          client.send(
            new ListObjectsV2Command({ Bucket: bucket, Prefix: folderOf(prefix), ContinuationToken: after }),
            headers(),
          ),
        )
        for (const { Key: key = '', Size: size = 0 } of page?.Contents ?? []) {
          const sha256 = digestIn(prefix, key)
          if (sha256 !== undefined) yield { sha256, size }
        }
        after = page?.NextContinuationToken
      } while (after !== undefined)
    },
    async ping() {
      const Key = `${folderOf(prefix)}${PROBE}`
      const answer = await asked(() => client.send(new GetObjectCommand({ Bucket: bucket, Key }), headers()))
      if (answer?.Body instanceof Readable) answer.Body.destroy()
    },
    close: () => client.destroy(),
  }
}

/** What goes wrong is thrown, and told by whoever catches it. */
const SILENT = { trace() {}, debug() {}, info() {}, warn() {}, error() {} }

const LET_GO = new Set(['ECONNRESET', 'EPIPE'])

const STRANGE = 'the bucket gave an answer without a length'

function within(ms: number, signal: AbortSignal | undefined): AbortSignal {
  const late = AbortSignal.timeout(ms)
  return signal === undefined ? late : AbortSignal.any([signal, late])
}

/** An answer, or that there is no such object. */
async function asked<Answer>(send: () => Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await send().catch((error: unknown) => {
      // a connection that was kept, and that the other side let go of in this moment: what is asked here may be asked twice
      if (LET_GO.has(errorCode(error) ?? '')) return send()
      throw error
    })
  } catch (error) {
    if (error instanceof S3ServiceException && isAbsent(error)) return undefined
    throw bucketError(error)
  }
}

/** A HEAD has no body that would say whether it is the bucket that is missing. */
function isAbsent({ name, $metadata }: S3ServiceException): boolean {
  return name === 'NoSuchKey' || (name === 'NotFound' && $metadata.httpStatusCode === 404)
}

function isTaken({ $metadata: { httpStatusCode } }: S3ServiceException): boolean {
  return httpStatusCode === 412 || httpStatusCode === 409
}

function bucketError(cause: unknown): GateError {
  if (cause instanceof GateError) return cause
  const status = cause instanceof S3ServiceException ? cause.$metadata.httpStatusCode : undefined
  const name = cause instanceof Error ? cause.name : 'unknown'
  const detail = `the bucket could not answer (${status === undefined ? name : `${status} ${name}`})`
  return new GateError('unknown-store', detail, { cause })
}
