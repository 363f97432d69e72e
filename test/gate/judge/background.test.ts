import t from 'tap'
import { GateError } from '../../../src/domain/base/errors.ts'
import { instant, millis } from '../../../src/domain/base/instant.ts'
import { Person } from '../../../src/flow/asker.ts'
import { type Background, createBackground } from '../../../src/gate/judge/background.ts'
import { type Task, type UnjudgedFile, WaitingFiles } from '../../../src/gate/judge/waiting-files.ts'

const SOON = millis(5_000)

function file(key: string, judge: UnjudgedFile['judge'] = async () => {}, uploaded?: number): UnjudgedFile {
  return { key, judge, uploaded: uploaded === undefined ? undefined : instant(uploaded) }
}

/** Files that are judged when they are let go, and the order in which they were begun. */
function held(...keys: readonly string[]) {
  const begun: string[] = []
  const gates = new Map(keys.map(key => [key, Promise.withResolvers<void>()]))
  const files = keys.map(key =>
    file(key, async () => {
      begun.push(key)
      await gates.get(key)?.promise
    }),
  )
  return {
    files,
    begun,
    letGo: () => {
      for (const { resolve } of gates.values()) resolve()
    },
  }
}

function open(): { readonly background: Background; readonly reported: unknown[] } {
  const reported: unknown[] = []
  return { background: createBackground(error => void reported.push(error)), reported }
}

t.test('beside, two at once; what somebody waits for, sixteen, and before the rest', async t => {
  const beside = held('a', 'b', 'c', 'd')
  const hurried = held(...Array.from({ length: 20 }, (_, at) => `h${at}`))
  const { background } = open()
  background.add(beside.files)
  t.strictSame(beside.begun, ['a', 'b'])
  const done = background.soon(hurried.files, SOON)
  t.equal(hurried.begun.length, 14, 'with the two')
  t.strictSame(hurried.begun.slice(0, 3), ['h0', 'h1', 'h2'], 'in the order in which they are wanted')
  hurried.letGo()
  beside.letGo()
  await done
  await background.idle()
  t.equal(beside.begun.length, 4)
})

t.test('a wait ends when its time is over, and the work goes on', async t => {
  const slow = held('a')
  const { background } = open()
  await background.soon(slow.files, millis(20))
  t.equal(background.failureOf('a'), undefined)
  slow.letGo()
  await background.idle()
})

t.test('a failure is known for a while, and not waited for again', async t => {
  let tries = 0
  const failing = file('a', async () => {
    tries += 1
    throw new GateError('unknown-upstream', 'nobody answers')
  })
  const { background, reported } = open()
  await background.soon([failing], SOON)
  await background.soon([failing], SOON)
  background.add([failing])
  t.equal(tries, 1)
  t.match(background.failureOf('a'), { code: 'unknown-upstream' })
  t.strictSame(reported, [], 'doubt is no defect')
  await background.soon([file('b', async () => Promise.reject(new TypeError('a defect')))], SOON)
  t.match(reported, [{ name: 'TypeError' }])
})

t.test('closing lets everybody go who waits', async t => {
  const slow = held(...Array.from({ length: 40 }, (_, at) => `${at}`))
  const { background } = open()
  const done = background.soon(slow.files, SOON)
  background.close()
  slow.letGo()
  await done
  t.equal(slow.begun.length, 16)
  await background.soon([file('z', async () => t.fail('it is closed'))], SOON)
})

t.test('files in line', async t => {
  const keysOf = (waiting: WaitingFiles): readonly string[] => {
    const keys: string[] = []
    for (let task: Task | undefined = waiting.take(() => true); task !== undefined; task = waiting.take(() => true))
      keys.push(task.file.key)
    return keys
  }

  t.test('the newest uploads first, behind the first of each list that is waited for', async t => {
    const waiting = new WaitingFiles(100)
    waiting.add([file('old', undefined, 1), file('new', undefined, 2)])
    waiting.hurry([file('a1'), file('a2')], 'a client')
    waiting.hurry([file('b1'), file('b2'), file('old')], 'a client')
    t.strictSame(keysOf(waiting), ['a1', 'b1', 'a2', 'b2', 'old', 'new'])
  })

  t.test('a client with a hundred lists has as many turns as one with a single list', async t => {
    const waiting = new WaitingFiles(1_000)
    for (let list = 0; list < 100; list += 1) waiting.hurry([file(`greedy ${list}`)], 'greedy')
    waiting.hurry([file('a1'), file('a2'), file('a3')], 'modest')
    t.strictSame(keysOf(waiting).slice(0, 6), ['greedy 0', 'a1', 'greedy 1', 'a2', 'greedy 2', 'a3'])
  })

  t.test('what nobody waits for any more is judged some time', async t => {
    const waiting = new WaitingFiles(100)
    const left = waiting.hurry([file('left'), file('shared')], 'left')
    waiting.add([file('new', undefined, 2)])
    waiting.hurry([file('a1'), file('shared')], 'stayed')
    left.end()
    t.strictSame(keysOf(waiting), ['a1', 'shared', 'new', 'left'])
  })

  t.test('what does not fit is let go, and whoever waits for it told', async t => {
    const waiting = new WaitingFiles(2)
    const { tasks } = waiting.hurry([file('a'), file('b'), file('c')], 'a client')
    await tasks[2]?.done.promise
    t.strictSame(keysOf(waiting), ['a', 'b'])
  })
})

t.test('a page whose client has left keeps nobody waiting', async t => {
  const slow = held(...Array.from({ length: 40 }, (_, at) => `${at}`))
  const { background } = open()
  const client = new Person('192.0.2.1')
  const done = background.soon(slow.files, SOON, client)
  client.leave()
  await done
  t.equal(slow.begun.length, 16)
  const other = held('other')
  const wanted = background.soon(other.files, SOON, new Person('192.0.2.2'))
  slow.letGo()
  other.letGo()
  await wanted
  t.ok(slow.begun.length < 40, 'the rest comes after it')
  await background.idle()
})
