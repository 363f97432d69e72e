/**
 * Usage: herd.ts URL COUNT SHA256 [BYTES] — so many clients ask for one file at once; prints how many got all of it, right, and after
 * how many seconds. Where the size is given, only the first of them hashes what it gets: hashing is not what is measured.
 */
import { createHash } from 'node:crypto'
import { Agent, get } from 'node:http'

const [, , url = '', count = '1000', sha256 = '', bytes] = process.argv
const agent = new Agent({ keepAlive: false })
/** ms without a byte after which a client gives up, as uv does */
const SILENCE = 30_000

async function download(_: unknown, number: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const hash = bytes === undefined || number === 0 ? createHash('sha256') : undefined
  let length = 0
  const request = get(url, { agent }, answer => {
    answer.on('data', (chunk: Buffer) => {
      length += chunk.length
      hash?.update(chunk)
    })
    const isRight = (): boolean => (hash === undefined ? length === Number(bytes) : hash.digest('hex') === sha256)
    answer.on('end', () => resolve(answer.statusCode === 200 && answer.complete && isRight()))
    answer.on('error', () => resolve(false))
  })
  request.on('error', () => resolve(false))
  request.setTimeout(SILENCE, () => request.destroy(new Error('nothing came')))
  return await promise
}

const started = performance.now()
const whole = await Promise.all(Array.from({ length: Number(count) }, download))
const seconds = (performance.now() - started) / 1000
process.stdout.write(`${JSON.stringify({ whole: whole.filter(Boolean).length, seconds })}\n`)
