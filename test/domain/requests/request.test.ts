import t from 'tap'
import { standingBehind, standingBehindToken } from '../../../src/domain/access/standing.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import { REFUSALS, type RefusalCode } from '../../../src/domain/base/refusal.ts'
import { addressOf, hopelessness, isOwnRequest, wordsOf } from '../../../src/domain/requests/request.ts'

const FILE = { project: 'demo', version: '1.0', filename: 'demo-1.0.tar.gz', sha256: '0'.repeat(64) }
const ADA = { subject: 'user:ada@acme.example', email: 'ada@acme.example' }

t.test('nobody asks for what is never waived, whatever it is refused for', async t => {
  for (const code of Object.keys(REFUSALS) as readonly RefusalCode[])
    t.equal(hopelessness({ code, file: FILE }) !== undefined, REFUSALS[code].hard, code)
  t.match(hopelessness({ code: 'unattested', behind: 'revoked', file: FILE }), /revoked is never waived/)
  t.match(hopelessness({ code: 'unattested', file: { ...FILE, sha256: undefined } }), /no sha256/)
})

t.test('what somebody writes is a few lines without control characters', async t => {
  t.equal(wordsOf('  we need\r\nit\u0000\u001b[2J\u2028now '), 'we need\nit  [2J\nnow')
  t.equal(wordsOf(' \n\t '), undefined)
  t.equal(wordsOf('x'.repeat(2_000))?.length, 2_000)
  t.equal(wordsOf('x'.repeat(2_001)), undefined)
  t.equal(wordsOf('a\ud800b'), 'a\ufffdb', 'half a character is none')
})

t.test('an address has two sides and nothing that is not seen', async t => {
  for (const good of [
    'ada@acme.example',
    ' ada@acme.example ',
    'ada+x@acme.example',
    'ädä@acme.example',
    "o'neil@x.example",
  ])
    t.equal(addressOf(good), good.trim().normalize('NFC'), good)
  const bad = [
    '',
    'ada',
    '@acme.example',
    'ada@',
    'ada@a@b',
    'a b@c.example',
    'a@b.example, c@d.example',
    'a\u200b@b.example',
    'a\n@b.example',
    '<a@b.example>',
    `${'x'.repeat(251)}@a.b`,
  ]
  for (const text of bad) t.equal(addressOf(text), undefined, JSON.stringify(text))
})

t.test('one’s own request is known in every disguise', async t => {
  const disguises = [
    'ada@acme.example',
    'ADA@Acme.Example',
    ' ada@acme.example ',
    'ada+install@acme.example',
    '\uff41da@acme.example',
    'ada@acme.example.',
    'a\u00adda@acme.example',
  ]
  for (const email of disguises) {
    t.ok(isOwnRequest({ subject: 'anonymous', email }, ADA), `typed: ${JSON.stringify(email)}`)
    t.ok(isOwnRequest({ subject: 'token:ci', email }, ADA), `beside a token: ${JSON.stringify(email)}`)
  }
  t.ok(isOwnRequest({ subject: 'user:ADA@acme.example', email: undefined }, ADA), 'by subject, without an address')
  t.ok(isOwnRequest({ subject: 'user:ada', email: undefined }, ADA), 'as a front calls him')
  t.ok(isOwnRequest({ subject: 'user:4711', email: undefined }, { subject: 'user:4711', email: undefined }))
  t.ok(
    isOwnRequest(
      { subject: 'user:4711', email: 'ada@acme.example' },
      { subject: 'user:0815', email: 'Ada@acme.example' },
    ),
  )
  t.ok(
    isOwnRequest(
      { subject: 'anonymous', email: 'ada@b\u00fccher.example' },
      { subject: 'user:1', email: 'ada@xn--bcher-kva.example' },
    ),
  )
  t.ok(
    isOwnRequest(
      { subject: 'anonymous', email: 'e\u0301@acme.example' },
      { subject: 'user:1', email: '\u00e9@acme.example' },
    ),
  )
})

t.test('somebody else’s request is not one’s own', async t => {
  t.notOk(isOwnRequest({ subject: 'anonymous', email: 'bob@acme.example' }, ADA))
  t.notOk(isOwnRequest({ subject: 'anonymous', email: undefined }, ADA))
  t.notOk(isOwnRequest({ subject: 'token:ci', email: undefined }, { subject: 'user:1', email: undefined }))
  t.notOk(isOwnRequest({ subject: 'anonymous', email: 'ada@other.example' }, ADA), 'another domain')
  t.notOk(isOwnRequest({ subject: 'anonymous', email: undefined }, { subject: 'anonymous', email: undefined }))
})

const GRACE = { subject: 'user:grace@acme.example', email: 'grace@acme.example', also: ['sub:17'] }
const MINTED = standingBehind(GRACE)

t.test('whoever gave out a token is whoever asks or decides with it, however many tokens lie between', async t => {
  const laptop = { subject: 'token:laptop', email: undefined, also: MINTED }
  const bot = { subject: 'token:bot', email: undefined, also: MINTED }
  t.ok(isOwnRequest(laptop, GRACE), 'she asks with a token, and decides signed in')
  t.ok(isOwnRequest(GRACE, bot), 'she asks, and a token of hers decides')
  t.ok(isOwnRequest(laptop, bot), 'one token of hers asks, another decides')
  const child = { subject: 'token:child', email: undefined, also: standingBehind(bot) }
  t.ok(isOwnRequest(GRACE, child), 'a token that a token of hers gave out')
  t.ok(isOwnRequest(child, bot), 'and that token itself')
  t.ok(isOwnRequest({ subject: 'anonymous', email: 'Grace+x@acme.example' }, bot), 'as she typed her address')
  t.notOk(isOwnRequest(laptop, ADA))
  t.notOk(isOwnRequest(ADA, bot))
})

t.test('somebody is known by his subject at the issuer, whatever address he has there today', async t => {
  const before = { subject: 'user:ada@acme.example', email: 'ada@acme.example', also: ['sub:17'] }
  t.ok(isOwnRequest(before, { subject: 'user:eve@acme.example', email: 'eve@acme.example', also: ['sub:17'] }))
  t.ok(isOwnRequest(before, { subject: 'user:17', email: undefined, also: ['sub:17', 'email:eve@acme.example'] }))
  t.ok(
    isOwnRequest(
      { subject: 'anonymous', email: 'ada@acme.example' },
      { subject: 'user:17', email: undefined, also: ['sub:17', 'email:Ada@acme.example'] },
    ),
    'and by an address that nobody verified: nobody claims his way out',
  )
})

t.test('names of tokens and of shells tell of people, and not of each other', async t => {
  const ofShell = { subject: 'token:laptop', email: undefined, also: ['shell:ada'] }
  t.ok(isOwnRequest(ofShell, ADA), 'a shell of hers gave it out')
  t.ok(isOwnRequest({ subject: 'token:ada', email: undefined }, ADA), 'it has her name')
  t.ok(isOwnRequest(ADA, { subject: 'user:grace@acme.example', email: undefined, also: ['shell:ada'] }), 'a link')
  const ofRoot = { subject: 'token:bot', email: undefined, also: ['shell:root'] }
  t.notOk(isOwnRequest({ ...ofRoot, subject: 'token:ci' }, ofRoot), 'root is many people')
  t.notOk(isOwnRequest(ofShell, { subject: 'token:ada', email: undefined }))
})

t.test('what is asked with a token that somebody else gave out is its holder’s own', async t => {
  const held = (holder: string) => ({
    subject: 'token:laptop-17',
    email: undefined,
    also: standingBehindToken({ name: 'laptop-17', created: instant(0), holder, givenBy: ['shell:root'] }),
  })
  t.ok(isOwnRequest(held('Ada+pip@acme.example'), ADA))
  t.ok(isOwnRequest(ADA, held('ada@acme.example')), 'and what it decides she decides')
  t.ok(isOwnRequest(held('ada'), ADA), 'as a front calls her')
  t.ok(isOwnRequest(held('4711'), { subject: 'user:ada@acme.example', email: undefined, also: ['sub:4711'] }))
  t.ok(isOwnRequest(held('ada@acme.example'), { ...held('ADA@acme.example'), subject: 'token:bot' }), 'two of hers')
  t.notOk(isOwnRequest(held('bob@acme.example'), ADA))
})
