import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import type { Sha256 } from '../../../src/domain/base/digest.ts'
import { VerifiedFile } from '../../../src/gate/files/verified-file.ts'
import { until } from '../../world/until.ts'
import { createWorld, type Published, type World } from '../../world/world.ts'
import { type BareServer, startServer } from '../bare-server.ts'
import { createAsk, dial, type Heard, hear, requestText, talk } from '../client.ts'

const KIB = 1024
const MIB = 1024 * KIB
const CLOSE = 'Connection: close'

function bodyOf({ bytes }: Heard): Buffer {
  return bytes.subarray(bytes.indexOf('\r\n\r\n') + 4)
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** A server whose blobs are on disk, as it were, with a file that is larger than what the kernel buffers. */
async function stored(t: Test, size: number, changes: Parameters<typeof startServer>[2] = {}) {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0', { kinds: ['wheel'], padTo: size })
  const server = await startServer(t, world, changes)
  await server.download(wheel)
  return { world, server, wheel }
}

function heldBack({ buffers, blobs }: BareServer): readonly number[] {
  return [buffers.out, blobs.open]
}

t.test('a client that leaves at any byte gives back buffers and files', async t => {
  const { server, wheel } = await stored(t, 12 * MIB)
  const size = wheel.bytes.length
  for (const limit of [0, 1, 300 * KIB, size / 2, size - 1]) {
    const socket = await dial(server.url)
    socket.write(requestText(wheel.path))
    await readAtMost(socket, limit)
    socket.destroy()
    await until('everything is given back', () => heldBack(server).every(count => count === 0))
    t.pass(`left at byte ${limit}`)
  }
  await until('all of them are logged', () => server.requests().length === 5)
})

async function readAtMost(socket: Socket, bytes: number): Promise<void> {
  let seen = 0
  if (bytes === 0) return
  await new Promise<void>(resolve => {
    socket.on('data', chunk => {
      seen += chunk.length
      if (seen >= bytes) resolve()
    })
    socket.on('close', () => resolve())
  })
  socket.removeAllListeners('data')
  socket.pause()
}

t.test('a client that leaves while its second request waits in line gives back what that one holds', async t => {
  const { server, wheel } = await stored(t, 12 * MIB)
  const socket = await dial(server.url)
  socket.pause()
  socket.write(requestText(wheel.path) + requestText(wheel.path) + requestText(wheel.path, CLOSE))
  await until('several are under way', () => server.blobs.open >= 1)
  socket.destroy()
  await until('everything is given back', () => heldBack(server).every(count => count === 0))
  t.pass()
})

t.test('a reader that takes nothing is reset, so that it holds no buffer for ever', async t => {
  const { server, wheel } = await stored(t, 12 * MIB, { http: { limits: { graceMs: 100, leastRate: 1e9 } } })
  const socket = await dial(server.url)
  socket.pause()
  socket.write(requestText(wheel.path))
  await until('it is under way', () => server.blobs.open === 1)
  await until('it is cut', () => heldBack(server).every(count => count === 0))
  t.equal((await hear(socket)).ended, 'reset')
})

t.test('many readers at once, some of whom leave: every body that is whole is the right one', async t => {
  const { server, wheel } = await stored(t, 3 * MIB)
  const heard = await Promise.all(
    Array.from({ length: 60 }, async (_, index) => {
      const socket = await dial(server.url)
      const start = index % 3 === 0 ? 0 : index * 1_000
      const fields = index % 3 === 0 ? [] : [`Range: bytes=${start}-`]
      socket.write(requestText(wheel.path, 'Connection: close', ...fields))
      if (index % 5 === 4) {
        await readAtMost(socket, 400 * KIB)
        socket.destroy()
        return undefined
      }
      return { start, body: bodyOf(await hear(socket)) }
    }),
  )
  for (const each of heard) if (each !== undefined) t.equal(digest(each.body), digest(wheel.bytes.subarray(each.start)))
  await until('everything is given back', () => heldBack(server).every(count => count === 0))
})

t.test('a blob that is cut short on disk is never completed', async t => {
  const world: World = await createWorld(t)
  const { wheel } = (await world.release('demo', '1.0', { kinds: ['wheel'], padTo: MIB })) as { wheel: Published }
  const server = await startServer(t, world, {
    parts: ({ blobs }) => ({
      blobs: {
        ...blobs,
        async open(sha256) {
          const blob = await blobs.open(sha256)
          if (blob === undefined || blob.size < MIB) return blob
          const read = async (buffer: Buffer, position: number): Promise<number> =>
            position >= 600_000 ? 0 : await blob.read(buffer, position)
          return { ...blob, bytes: undefined, read }
        },
      },
    }),
  })
  const heard = await talk(server.url, requestText(wheel.path, CLOSE))
  t.equal(heard.ended, 'reset')
  t.ok(bodyOf(heard).length < wheel.bytes.length)
  t.equal(server.buffers.out, 0)
})

t.test('what was not verified is not sent, whatever it looks like and whatever its type was cast to', async t => {
  const { sha256, size } = { sha256: 'a'.repeat(64) as Sha256, size: 5 }
  const bytes = Buffer.from('12345')
  const blob = { sha256, size, bytes, read: async () => 0, close() {} }
  const flowing = {
    kind: 'flowing',
    stored: Promise.resolve(),
    async *chunks() {
      yield bytes
    },
  } as const
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0', { kinds: ['wheel'] })
  for (const forged of [{ sha256, size, filename: 'x' }, Object.create(VerifiedFile.prototype), undefined, true])
    for (const opened of [{ kind: 'stored', file: forged, blob } as const, { ...flowing, file: forged }]) {
      const { url } = await startServer(t, world, { wrap: gate => ({ ...gate, open: async () => opened }) })
      const { status, text } = await createAsk(t, world, url)(wheel.path)
      t.equal(status, 500)
      t.notMatch(text, '12345')
    }
})

t.test('a blob other than the verified one is not sent', async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0', { kinds: ['wheel'] })
  const { url } = await startServer(t, world, {
    wrap: gate => ({
      ...gate,
      async open(verdict) {
        const opened = await gate.open(verdict)
        if (opened.kind !== 'stored') throw new TypeError('it is small')
        return { ...opened, blob: { ...opened.blob, sha256: 'b'.repeat(64) as Sha256 } }
      },
    }),
  })
  t.equal((await createAsk(t, world, url)(wheel.path)).status, 500)
})
