import { join } from 'node:path'
import t from 'tap'
import { secretsOf } from '../../../src/config/secrets.ts'
import { notifySection } from '../../../src/config/sections/notify.ts'
import { showConfig, shownLines } from '../../../src/config/show.ts'
import { load, wrong } from '../loaded-config.ts'

const SLACK = 'https://hooks.slack.example/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX'

t.test('a hook has an address and a secret; what it leaves out has a default', t => {
  const { config } = load(t, 'notify: [{ url: "https://hooks.example/a?sig=1", secret_file: hook.secret }]\n')
  t.match(config.notify, [{ url: 'https://hooks.example/a?sig=1', template: 'standard', events: undefined }])
  t.match(config.notify[0]?.secret_file, join('/', 'hook.secret'))
  t.strictSame(notifySection('/').parse([]), [])
  t.match(load(t, `notify: [{ url: "${SLACK}", template: slack, events: [alarm, held] }]\n`).config.notify, [
    { template: 'slack', events: ['alarm', 'held'], secret_file: undefined },
  ])
  t.match(load(t, 'notify: [{ url: "http://127.0.0.1:9/a", template: teams }]\n').config.notify, [{}])
  t.end()
})

t.test('what cannot be told anything stops the start, at its place and without a secret', t => {
  const cases: readonly (readonly [hook: string, said: RegExp])[] = [
    ['{ url: "https://hooks.example/secret-secret-secret" }', /notify\[0\]\.secret_file: "secret_file" is missing/],
    ['{ url: "http://hooks.example/secret-secret-secret", secret_file: s }', /neither https: nor http: on a loopback/],
    ['{ url: "https://u:secret-secret-secret@hooks.example/", secret_file: s }', /holds credentials/],
    ['{ url: "https://hooks.example/#secret-secret-secret", secret_file: s }', /has a fragment/],
    ['{ url: "secret-secret-secret", secret_file: s }', /not an absolute URL/],
    ['{ url: [secret-secret-secret], secret_file: s }', /must be an https: URL/],
    ['{ url: "https://hooks.example/", secret_file: s, events: [refusd] }', /events/],
    ['{ url: "https://hooks.example/", secret_file: s, events: [] }', /must not be empty/],
    ['{ url: "https://hooks.example/", secret_file: s, template: discord }', /template/],
    ['{ url: "https://hooks.example/", secret_file: s, retries: 3 }', /unknown key/],
    ['{ url: "https://h.example/", template: slack }, { url: "https://h.example", template: teams }', /same URL/],
  ]
  for (const [hook, said] of cases) {
    const lines = wrong(t, `notify: [${hook}]\n`)
    t.match(lines.join('\n'), said, hook)
    t.notMatch(lines.join('\n'), /secret-secret/, hook)
    t.match(lines[0], /^portcullis\.yaml:1:/)
  }
  t.match(
    wrong(t, 'offline: true\ntrust: { root: embedded }\nnotify: [{ url: "https://h.example/", template: slack }]\n'),
    [/portcullis\.yaml:3:\d+ notify: leave it out: a gate that is offline sends nothing/],
  )
  t.end()
})

t.test('of an address one sees where it is, and whatever is long in it is a secret', t => {
  const loaded = load(t, `notify: [{ url: "${SLACK}", template: slack }]\n`)
  const lines = shownLines(showConfig(loaded)).map(({ text }) => text)
  t.match(
    lines.find(line => line.startsWith('notify:')),
    /url: "?https:\/\/hooks\.slack\.example\/\*\*\*/,
  )
  t.notMatch(lines.join('\n'), /XXXX|T0000/)
  t.strictSame(secretsOf(loaded.config, {}), [{ token: 'XXXXXXXXXXXXXXXXXXXXXXXX' }])
  const signed = load(
    t,
    'notify: [{ url: "https://h.example/a?api-version=1&sig=abcdefghijklmnop%2Fq", template: teams }]\n',
  )
  t.strictSame(secretsOf(signed.config, {}), [{ token: 'abcdefghijklmnop/q' }])
  t.strictSame(secretsOf(load(t, 'notify: [{ url: "http://127.0.0.1:9/hooks", template: slack }]\n').config, {}), [])
  t.end()
})
