import { readdirSync } from 'node:fs'
import t from 'tap'
import { mintToken, tokenHash } from '../../src/domain/access/token.ts'
import { sha256Of } from '../../src/domain/base/digest.ts'
import { instant } from '../../src/domain/base/instant.ts'
import { withSessions } from '../../src/store/console-sessions.ts'
import { forget } from '../../src/store/forget.ts'
import { withNotices } from '../../src/store/notices.ts'
import { withRequests } from '../../src/store/requests.ts'
import { withTokens } from '../../src/store/tokens.ts'
import { asked, decision, MOST } from './conformance/requests-conformance.ts'
import { diskSubject, START } from './stores.ts'
import { OPERATOR } from './written.ts'

const clock = () => instant(START)
const TOKEN = { name: 'ci', indexes: undefined, metrics: false, created: instant(START), expires: undefined }

t.test('tokens are kept where no gate ever was, and beside one that works', async t => {
  const folder = t.testdir({})
  const hash = tokenHash(mintToken()) ?? sha256Of('')
  t.ok(await withTokens(folder, clock, tokens => tokens.create(TOKEN, hash, OPERATOR)))
  await diskSubject(t, { folder })
  t.match(await withTokens(folder, clock, tokens => tokens.list()), [{ name: 'ci' }])
  t.ok(await withTokens(folder, clock, tokens => tokens.revoke('ci', instant(START), OPERATOR)))
})

t.test('notices, too, are worked with where no gate ever was', async t => {
  t.strictSame(await withNotices(t.testdir({}), clock, notices => notices.list()), [])
})

t.test('a folder that cannot be used is a matter of the configuration', async t => {
  const folder = t.testdir({ file: '' })
  await t.rejects(
    withTokens(`${folder}/file`, clock, tokens => tokens.list()),
    { code: 'config-invalid' },
  )
})

t.test(
  'in a folder where nobody ever remembered anything there is nothing to let go of, and nothing is begun',
  async t => {
    const folder = t.testdir({})
    const order = { what: 'clock', of: undefined, filename: undefined, reason: 'it was wrong', by: OPERATOR } as const
    t.equal(await forget(folder, order, clock), false)
    t.strictSame(readdirSync(folder), [])
  },
)
t.test('a link that signs in to the console is kept by its hash, beside a gate that works', async t => {
  const subject = await diskSubject(t)
  const [hash, now] = [sha256Of('secret'), instant(START)]
  const person = { subject: 'user:ada', email: undefined, name: undefined, role: 'admin' } as const
  await withSessions(subject.folder, clock, sessions => sessions.offer(hash, { person, ends: instant(START + 9) }))
  t.strictSame(await subject.sessions.take(hash, now), person)
  t.equal(await subject.sessions.take(hash, now), undefined)
})

t.test('a command decides about a request beside a gate that works, and the gate sees it', async t => {
  const { folder, requests } = await diskSubject(t)
  await requests.ask(asked('a'), MOST)
  const before = await requests.revision()
  t.ok(await withRequests(folder, clock, of => of.decide('a', 'open', 'approved', decision())))
  t.not(await requests.revision(), before)
  t.match(await requests.inForce(START), [{ id: 'a', state: 'approved' }])
})
