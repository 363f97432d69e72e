import t from 'tap'
import { personText, readPerson } from '../../../src/store/sessions/person-text.ts'

t.test('somebody is read as he was written', async t => {
  const ada = { subject: 'user:ada@acme.example', email: 'ada@acme.example', name: 'Ada "☃"', role: 'admin' } as const
  t.strictSame(readPerson(personText(ada)), ada)
  const nobody = { subject: 'user:17', email: undefined, name: undefined, role: 'viewer' } as const
  t.strictSame(readPerson(personText(nobody)), nobody)
})
