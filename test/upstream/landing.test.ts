import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import t from 'tap'
import { BodyPieces, createLanding, noteDone } from '../../src/upstream/landing.ts'

const RECORD = 16 * 1024

type Landing = ReturnType<typeof createLanding>

/** A connection that reads as the system does: into the memory that it was given last. */
function connection(landing: Landing, read: (bytes: Buffer) => void) {
  const socket = new Readable({ read: () => {}, highWaterMark: 64 * 1024 }) as unknown as Socket
  let memory = landing.buffer()
  socket.on('readable', () => {
    for (let bytes: unknown = socket.read(); Buffer.isBuffer(bytes); bytes = socket.read()) read(bytes)
  })
  return {
    socket,
    memory: () => memory,
    arrive(byte: string, count = RECORD): boolean {
      memory.fill(byte.charCodeAt(0), 0, count)
      const goesOn = landing.callback.call(socket, count, memory)
      memory = landing.buffer()
      return goesOn
    },
  }
}

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

t.test('a body that is taken over as it comes is read into one memory, without waiting for a turn', async t => {
  const came: string[] = []
  const { arrive, memory } = connection(createLanding(), bytes => {
    came.push(bytes.toString())
    noteDone(bytes.length)
  })
  arrive('a')
  await turn()
  const before = memory()
  for (const byte of 'bcdefgh') t.ok(arrive(byte))
  t.equal(memory(), before)
  t.strictSame(
    came,
    'a b c d e f g h'.split(' ').map(byte => byte.repeat(RECORD)),
  )
})

t.test('what somebody still looks at is not read over, by this connection or any other', async t => {
  const landing = createLanding()
  const kept: Buffer[] = []
  const one = connection(landing, bytes => void kept.push(bytes))
  const two = connection(landing, bytes => noteDone(bytes.length))
  for (const byte of 'abcdef') {
    one.arrive(byte)
    two.arrive('x')
    two.arrive('y')
    await turn()
  }
  t.strictSame(
    kept.map(bytes => bytes.toString()),
    'a b c d e f'.split(' ').map(byte => byte.repeat(RECORD)),
  )
})

t.test('what waits because nobody reads is kept as it came, and the connection is told to stop', async t => {
  const landing = createLanding()
  let isPaused = false
  const came: string[] = []
  const { arrive, socket } = connection(landing, () => {})
  socket.removeAllListeners('readable')
  socket.on('readable', () => {
    if (isPaused) return
    const bytes: unknown = socket.read()
    if (!Buffer.isBuffer(bytes)) return
    came.push(bytes.toString())
    noteDone(bytes.length)
  })
  arrive('a')
  await turn()
  arrive('b')
  isPaused = true
  t.strictSame(
    'c d e f'.split(' ').map(byte => arrive(byte)),
    [true, true, true, false],
  )
  isPaused = false
  socket.emit('readable')
  t.equal(
    came.join(''),
    'a b c d e f'
      .split(' ')
      .map(byte => byte.repeat(RECORD))
      .join(''),
  )
})

t.test('a piece is used again when all of it came back, in whatever parts', async t => {
  const pieces = new BodyPieces()
  const piece = pieces.take()
  pieces.give(piece.subarray(100))
  t.not(pieces.take().buffer, piece.buffer, 'a part of it is still out')
  pieces.give(piece.subarray(0, 100))
  t.equal(pieces.take().buffer, piece.buffer)
})

t.test('memory that is no piece is nobody’s concern', async t => {
  const pieces = new BodyPieces()
  const strange = Buffer.alloc(256 * 1024)
  pieces.give(strange)
  t.not(pieces.take().buffer, strange.buffer)
})

t.test('a piece that is told of twice is not given out twice', async t => {
  const pieces = new BodyPieces()
  const piece = pieces.take()
  pieces.give(piece)
  pieces.give(piece)
  t.not(pieces.take().buffer, pieces.take().buffer)
})
