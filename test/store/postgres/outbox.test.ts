import t from 'tap'
import { GateError } from '../../../src/domain/base/errors.ts'
import { createOutbox } from '../../../src/store/postgres/journal/outbox.ts'
import { openWaitingFile, type WaitingRow } from '../../../src/store/postgres/journal/waiting-file.ts'

const row = (number: number, body = `${number}`): WaitingRow => ({ number, kind: 'verdict', body })

t.test('what was not sent waits on the disk, and is sent at the next start', async t => {
  const file = `${t.testdir()}/waiting.sqlite`
  const sent: WaitingRow[] = []
  let away = true
  const open = () =>
    createOutbox({
      file: openWaitingFile(file),
      async send(rows) {
        if (away) throw new GateError('unknown-store', 'the database is away')
        sent.push(...rows)
      },
    })
  const first = open()
  for (let number = 0; number < 3; number += 1) first.put(row(first.next()))
  await t.rejects(first.flush(), { code: 'unknown-store' })
  t.equal(first.waiting(), 3)
  await first.close()
  away = false
  const second = open()
  t.equal(second.next(), 4, 'no number is given twice')
  await second.flush()
  t.strictSame(
    sent.map(({ number }) => number),
    [1, 2, 3],
  )
  t.equal(second.waiting(), 0)
  await second.close()
  await second.close()
})

t.test('a row that is counted up while it is sent is sent again', async t => {
  const file = openWaitingFile(`${t.testdir()}/waiting.sqlite`)
  const sent: string[] = []
  let once = true
  const outbox = createOutbox({
    file,
    async send(rows) {
      sent.push(...rows.map(({ body }) => body))
      if (once) file.put([row(1, 'twice')])
      once = false
    },
  })
  outbox.put(row(outbox.next(), 'once'))
  await outbox.flush()
  t.strictSame(sent, ['once', 'twice'])
  t.equal(outbox.waiting(), 0)
  await outbox.close()
})

t.test('whoever writes into a file has a name that stays with it', async t => {
  const folder = t.testdir()
  const [one, other] = [openWaitingFile(`${folder}/a`), openWaitingFile(`${folder}/b`)]
  t.not(one.gate, other.gate)
  one.close()
  const again = openWaitingFile(`${folder}/a`)
  t.equal(again.gate, one.gate)
  for (const file of [again, other]) file.close()
  t.throws(() => openWaitingFile(`${folder}/none/a`), { code: 'config-invalid' })
})
