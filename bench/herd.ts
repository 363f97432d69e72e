/** Usage: herd.ts URL COUNT SHA256 — so many clients ask for one file at once; prints how many got all of it, right. */
import { createHash } from 'node:crypto'
import { Agent, get } from 'node:http'

const [, , url = '', count = '1000', sha256 = ''] = process.argv
const agent = new Agent({ keepAlive: false })

async function download(): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const hash = createHash('sha256')
  get(url, { agent }, answer => {
    answer.on('data', (chunk: Buffer) => hash.update(chunk))
    answer.on('end', () => resolve(answer.complete && hash.digest('hex') === sha256))
    answer.on('error', () => resolve(false))
  }).on('error', () => resolve(false))
  return await promise
}

const whole = await Promise.all(Array.from({ length: Number(count) }, download))
process.stdout.write(`${JSON.stringify({ whole: whole.filter(Boolean).length })}\n`)
