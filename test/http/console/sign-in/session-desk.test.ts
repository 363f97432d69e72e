import t from 'tap'
import { GateError } from '../../../../src/domain/base/errors.ts'
import { instant } from '../../../../src/domain/base/instant.ts'
import { createSessionDesk } from '../../../../src/http/console/sign-in/session-desk.ts'
import type { AuditEntry } from '../../../../src/ports/console/audit-log.ts'
import type { StandingSession, Whose } from '../../../../src/ports/console/sessions.ts'

const NOW = instant(Date.UTC(2027, 0, 1))
const ROOT = { actor: 'user:root@acme.example', from: '10.0.0.1', why: 'a stolen laptop' }

function standing(id: string, subject: string): StandingSession {
  const person = { subject, email: undefined, name: undefined, role: 'admin' } as const
  return { id: id.repeat(16), person, began: NOW, used: NOW, ends: NOW }
}

function scene(append: (entry: AuditEntry) => void = () => {}) {
  const all = [standing('a', 'user:ada'), standing('b', 'user:ada'), standing('c', 'user:bob')]
  const done: string[] = []
  const desk = createSessionDesk({
    sessions: {
      list: async () => all,
      async endOf(whose: Whose, _until, entryOf) {
        const ended = all.filter(({ id, person }) =>
          'id' in whose ? id === whose.id : person.subject === whose.subject,
        )
        const entry = entryOf(ended)
        append(entry)
        done.push('id' in whose ? `end ${whose.id}` : `end ${whose.subject}`)
        done.push(`write ${entry.action} ${entry.target} ${entry.why} ${entry.detail['ended']}`)
        return ended
      },
    },
    clock: () => NOW,
  })
  return { desk, done }
}

t.test('what is ended stands in the audit log, with who did it, to whom, and why', async t => {
  const { desk, done } = scene()
  t.equal((await desk.end('ada', ROOT)).length, 2)
  t.equal((await desk.end('user:ada', ROOT)).length, 2)
  t.equal((await desk.end('c'.repeat(16), ROOT)).length, 1)
  const hers = `${'a'.repeat(16)} ${'b'.repeat(16)}`
  t.strictSame(done, [
    'end user:ada',
    `write sessions-ended user:ada a stolen laptop ${hers}`,
    'end user:ada',
    `write sessions-ended user:ada a stolen laptop ${hers}`,
    `end ${'c'.repeat(16)}`,
    `write sessions-ended user:bob a stolen laptop ${'c'.repeat(16)}`,
  ])
})

t.test('nobody is ended without a row, and no row is written about nobody', async t => {
  const { desk, done } = scene(() => {
    throw new GateError('unknown-store', 'the disk is full')
  })
  await t.rejects(desk.end('ada', ROOT), { code: 'unknown-store' })
  for (const whose of ['eve', 'user:', 'a', 'user:user:ada', ''])
    await t.rejects(scene().desk.end(whose, ROOT), { code: 'not-found' }, whose)
  t.strictSame(done, [])
})
