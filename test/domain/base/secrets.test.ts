import t from 'tap'
import { Secrets } from '../../../src/domain/base/secrets.ts'

const PASSWORD = 'h&nter2/"se cret"\\+'
const BASIC = Buffer.from(`robot:${PASSWORD}`).toString('base64')

t.test('a secret leaves in none of the forms that texts give it', async t => {
  const { clean } = new Secrets([{ username: 'robot', password: PASSWORD }, { token: 'tok-123456789' }])
  for (const [what, text] of Object.entries({
    'as it is': PASSWORD,
    'in another case': PASSWORD.toUpperCase(),
    'in a URL': encodeURIComponent(PASSWORD),
    'in a URL, in small letters': encodeURIComponent(PASSWORD).toLowerCase(),
    'in a form': encodeURIComponent(PASSWORD).replaceAll('%20', '+'),
    'encoded twice': encodeURIComponent(encodeURIComponent(PASSWORD)),
    'in JSON': JSON.stringify({ type: PASSWORD }),
    'quoted in JSON': JSON.stringify({ detail: `it says ${JSON.stringify(PASSWORD)}` }),
    'in HTML': PASSWORD.replaceAll('&', '&amp;').replaceAll('"', '&quot;'),
    'in a header': `text/html; Basic ${BASIC}`,
    'in a header without its scheme': BASIC,
    'in a header without its filling': BASIC.replace(/=+$/, ''),
    'in a header for URLs': Buffer.from(`robot:${PASSWORD}`).toString('base64url'),
    'alone in base64': Buffer.from(PASSWORD).toString('base64'),
    'a token': 'text/tok-123456789',
  })) {
    const told = clean(`before ${text} after`)
    t.match(told, /^before .*\*\*\*.* after$/, what)
    t.notMatch(told.toLowerCase(), /nter2|se cret|tok-123456789/, what)
    t.notMatch(told, BASIC.replace(/=+$/, ''), what)
  }
})

t.test('half a secret before the place where a text was cut does not leave either', async t => {
  const { clean } = new Secrets([{ token: 'tok-123456789' }])
  t.equal(clean('x tok-1234…'), 'x ***…')
  t.equal(clean('{"a":"x tok-1234567…","b":"tok-123456789"}'), '{"a":"x ***…","b":"***"}')
})

t.test('a token that stands for the user name is a secret, and one’s own name is none', async t => {
  for (const password of ['x', 'X-OAuth-Basic', '']) {
    const { clean } = new Secrets([{ username: 'tok-123456789', password }])
    t.equal(clean('x tok-123456789 y tok-1234…'), 'x *** y ***…', password)
  }
  t.equal(new Secrets([{ username: 'the-robot', password: 'tok-123456789' }]).clean('the-robot'), 'the-robot')
})

t.test('whatever is no secret stays, and what is too short to be told apart', async t => {
  const text = 'the index answered 200 with something else: pip, robot, token…'
  t.equal(new Secrets().clean(text), text)
  t.equal(new Secrets([{ username: 'robot', password: 'pip' }]).clean(text), text)
  t.match(new Secrets([{ username: 'robot', password: 'pip' }]).clean('Basic cm9ib3Q6cGlw'), 'Basic ***')
})
