// guards: src/http/console/sign-in/sign-in.ts
import t from 'tap'
import { clearCookie, readCookie, setCookie } from '../../../../src/http/console/sign-in/cookies.ts'
import { pathToCome, personOf } from '../../../../src/http/console/sign-in/who.ts'

const ADA = { subject: '17', email: 'ada@acme.example', claimed: undefined, name: 'Ada', groups: [] }
const ROLES = { viewer: ['staff'], approver: ['security'], admin: ['platform'] }

t.test('a role is the highest that one of the groups has', async t => {
  for (const [groups, role] of [
    [['staff'], 'viewer'],
    [['staff', 'security'], 'approver'],
    [['platform', 'staff'], 'admin'],
    [['Staff'], undefined],
    [[], undefined],
    [['staffx', 'platform '], undefined],
  ] as const)
    t.equal(personOf({ ...ADA, groups }, ROLES)?.role, role, groups.join())
})

t.test('where no group is named for viewers, whomever the issuer signs in may look, and no more', async t => {
  const open = { viewer: undefined, approver: [], admin: [] }
  t.match(personOf(ADA, open), { subject: 'user:ada@acme.example', role: 'viewer' })
  t.match(personOf({ ...ADA, email: undefined }, open), { subject: 'user:17', email: undefined })
  t.equal(personOf(ADA, { ...open, viewer: [] }), undefined, 'an empty list is nobody')
})

t.test('an address that nobody verified names nobody, and is known as what he claims', async t => {
  const open = { viewer: undefined, approver: [], admin: [] }
  t.strictSame(personOf({ ...ADA, email: undefined, claimed: 'grace@acme.example' }, open), {
    subject: 'user:17',
    email: undefined,
    name: 'Ada',
    role: 'viewer',
    also: ['sub:17', 'email:grace@acme.example'],
  })
  t.strictSame(personOf(ADA, open)?.also, ['sub:17'])
})

t.test('nobody is led to another host', async t => {
  for (const path of [
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    'https://evil.example',
    'javascript:alert(1)',
    '/\t/evil.example',
    '/ /evil.example',
    '/a\r\nLocation: https://evil.example',
    '/é',
    '',
    'evil',
    undefined,
    null,
    `/${'a'.repeat(2_000)}`,
    '/sign-in?to=/sign-in',
    '/callback',
    '/link/x',
    '/sign-out',
  ])
    t.equal(pathToCome(path), '/', JSON.stringify(path))
  for (const path of ['/', '/requests/1?a=%2F%2Fb', '/links', '/a//b']) t.equal(pathToCome(path), path)
})

t.test('a cookie over HTTPS has a name that no other host can set', async t => {
  const [secure, plain] = ['https://console.acme.example', 'http://127.0.0.1:8081']
  t.match(setCookie('session', 'x', secure, 9)[1], /^__Host-portcullis-session=x; Path=\/; .*Secure$/)
  t.notMatch(setCookie('session', 'x', plain, 9)[1], /Secure|__Host-/)
  t.match(clearCookie('session', secure)[1], /^__Host-portcullis-session=; .*Max-Age=0/)
  const cookie = 'portcullis-session=planted; __Host-portcullis-session=mine'
  t.equal(readCookie({ headers: { cookie } }, 'session', secure), 'mine')
  t.equal(readCookie({ headers: {} }, 'session', secure), undefined)
})
