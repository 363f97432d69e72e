import { randomBytes } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import type { Dispatcher } from 'undici'
import { millis } from '../../src/domain/base/instant.ts'
import { AnswerBody } from '../../src/upstream/answer-body.ts'

/** As the parser has it: one that was stopped and goes on tells what waits, and where that is nothing, nothing. */
function parser(): { readonly body: AnswerBody; readonly resumed: () => number } {
  let paused = false
  let resumed = 0
  const controller = {
    get paused() {
      return paused
    },
    pause: () => {
      paused = true
    },
    resume: () => {
      paused = false
      resumed += 1
      // the loop that never lets anybody else have a turn would not end here either
      if (resumed < 1_000) body.receive(Buffer.alloc(0))
    },
    abort: () => {},
  } as unknown as Dispatcher.DispatchController
  const body = new AnswerBody({
    controller,
    rate: { window: millis(60_000), bytes: 1 },
    explain: error => error as Error,
  })
  return { body, resumed: () => resumed }
}

for (const size of ['small', 'large'] as const)
  t.test(
    `a reader of a ${size} body who has read all that came waits for more, and nobody is kept from bringing it`,
    async t => {
      const { body, resumed } = parser()
      if (size === 'large') body.inPieces()
      const sent = Array.from({ length: 24 }, () => randomBytes(20_000))
      const bring = (from: number, to: number): void => {
        for (const chunk of sent.slice(from, to)) body.receive(chunk)
      }
      bring(0, 12)
      setTimeout(() => {
        bring(12, 24)
        body.finish()
      }, 20)
      const came: Buffer[] = []
      for await (const chunk of body as AsyncIterable<Buffer>) came.push(chunk)
      t.ok(Buffer.concat(came).equals(Buffer.concat(sent)))
      t.ok(
        came.every(({ length }) => length > 0),
        'no part is empty',
      )
      t.ok(resumed() < 30, `it was told to go on ${resumed()} times`)
    },
  )

t.test('what a body was told in is the caller’s again', async t => {
  for (const isLarge of [false, true]) {
    const { body } = parser()
    if (isLarge) body.inPieces()
    const window = Buffer.alloc(1_000, 'a')
    body.receive(window)
    window.fill('b')
    body.receive(window)
    window.fill('c')
    body.finish()
    const came: Buffer[] = []
    for await (const chunk of body as AsyncIterable<Buffer>) came.push(chunk)
    t.equal(Buffer.concat(came).toString(), 'a'.repeat(1_000) + 'b'.repeat(1_000))
  }
})

t.test('a large body that is given up while it is told ends there', async t => {
  const { body } = parser()
  body.inPieces()
  body.on('data', () => body.destroy())
  await turn()
  body.receive(Buffer.alloc(3 * 1024 * 1024))
  t.ok(body.destroyed)
})
