import t from 'tap'
import {
  holderOf,
  isAskedWith,
  isHeldByNobody,
  standingBehind,
  standingBehindToken,
} from '../../../src/domain/access/standing.ts'
import { instant } from '../../../src/domain/base/instant.ts'

const CI = { name: 'ci', created: instant(1_000) }
const NEXT = { name: 'ci', created: instant(2_000) }

t.test('a token that has the name of one that ended has not asked what that asked', async t => {
  const asked = { subject: 'token:ci', also: standingBehindToken(CI), at: instant(2_500) }
  t.ok(isAskedWith(CI, asked))
  t.notOk(isAskedWith(NEXT, asked), 'though it was asked since: another clock, or a gate that had not heard')
  t.notOk(isAskedWith({ ...CI, name: 'bot' }, asked))
  t.notOk(isAskedWith({ ...CI, name: 'child' }, { ...asked, subject: 'token:ci' }))
})

t.test('of a request from before that was kept, when it was asked tells', async t => {
  t.ok(isAskedWith(NEXT, { subject: 'token:ci', at: instant(2_000) }))
  t.notOk(isAskedWith(NEXT, { subject: 'token:ci', at: instant(1_999) }))
})

t.test('behind what somebody gives out stand he and whoever stands behind him, each once', async t => {
  const grace = { subject: 'user:17', email: 'grace@acme.example', also: ['sub:17', 'user:17'] }
  t.strictSame(standingBehind(grace), ['user:17', 'email:grace@acme.example', 'sub:17'])
  const token = { ...CI, givenBy: standingBehind(grace) }
  t.strictSame(standingBehind({ subject: 'token:ci', also: standingBehindToken(token) }), [
    'token:ci',
    'token:ci of 1970-01-01T00:00:01.000Z',
    'user:17',
    'email:grace@acme.example',
    'sub:17',
  ])
})

t.test('whoever holds a token stands behind it, by his address or by what he is called', t => {
  t.strictSame(standingBehindToken({ ...CI, holder: 'ada@acme.example', givenBy: ['shell:root'] }).slice(1), [
    'email:ada@acme.example',
    'shell:root',
  ])
  t.strictSame(standingBehindToken({ ...CI, holder: '4711' }).slice(1), ['user:4711', 'sub:4711'])
  t.ok(isHeldByNobody({ subject: 'token:ci' }))
  t.notOk(isHeldByNobody({ subject: 'token:ci', holder: 'ada' }))
  t.notOk(isHeldByNobody({ subject: 'workload:acme/app' }), 'a job is nobody’s')
  t.end()
})

t.test('a holder is an address or a name in one word', t => {
  for (const [typed, kept] of [
    [' ada@acme.example ', 'ada@acme.example'],
    ['user:ada', 'ada'],
    ['auth0|4711', 'auth0|4711'],
  ] as const)
    t.equal(holderOf(typed), kept)
  for (const wrong of ['', ' ', 'user:', 'ada lovelace', 'a\u200bda', '---', 'x'.repeat(255)])
    t.equal(holderOf(wrong), undefined, JSON.stringify(wrong))
  t.end()
})
