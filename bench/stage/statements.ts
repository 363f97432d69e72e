import { connect, createServer } from 'node:net'

/** A line to PostgreSQL on which statements are heard. */
export interface HeardLine {
  readonly port: number
  /** the texts of all that were sent so far, oldest first */
  readonly statements: readonly string[]
  close(): void
}

/** Messages of a client (PostgreSQL 15, “Message Formats”): a byte for the type, a length that counts itself, the rest. */
const SIMPLE = 0x51
const PARSE = 0x50
const EXECUTE = 0x45

export async function hearStatements(target: number): Promise<HeardLine> {
  const statements: string[] = []
  const server = createServer(near => {
    const far = connect(target, '127.0.0.1')
    const hear = createEar(text => statements.push(text))
    near.on('data', hear)
    near.pipe(far).pipe(near)
    for (const socket of [near, far])
      socket
        .on('error', () => {})
        .once('close', () => {
          near.destroy()
          far.destroy()
        })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port')
  return { port: address.port, statements, close: () => void server.close() }
}

function createEar(told: (text: string) => void): (chunk: Buffer) => void {
  let held: Buffer = Buffer.alloc(0)
  let isGreeted = false
  let parsed = ''
  return chunk => {
    held = Buffer.concat([held, chunk])
    for (;;) {
      // the first message has no type
      const head = isGreeted ? 1 : 0
      if (held.length < head + 4) return
      const end = head + held.readInt32BE(head)
      if (held.length < end) return
      const [type] = held
      const text = (from: number): string => held.subarray(from, held.indexOf(0, from)).toString('utf8')
      if (isGreeted && type === SIMPLE) told(text(5))
      if (isGreeted && type === PARSE) parsed = text(held.indexOf(0, 5) + 1)
      if (isGreeted && type === EXECUTE) told(parsed)
      held = held.subarray(end)
      isGreeted = true
    }
  }
}
