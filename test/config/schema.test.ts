import { join } from 'node:path'
import t from 'tap'
import { configJsonSchema } from '../../src/config/json-schema.ts'
import { CONFIG_KEYS } from '../../src/config/keys.ts'
import { showConfig, shownLines } from '../../src/config/show.ts'
import { load, ROOT, SECRET, wrong } from './loaded-config.ts'

t.test('a gate without a network wants a root that nothing has to refresh', t => {
  const needsRoot = /offline: needs trust\.root to name a trusted_root\.json/
  for (const text of ['offline: true\n', 'offline: true\ntrust: {root: tuf}\n'])
    t.match(wrong(t, text), [/^.*portcullis\.yaml:1:\d+ offline: needs/])
  t.match(wrong(t, undefined, { flags: { offline: true } }), [needsRoot])
  t.equal(load(t, 'offline: true\ntrust: {root: root.json}\n').config.offline, true)
  t.equal(load(t, 'offline: "true"\ntrust: {root: embedded}\n').config.offline, true)
  t.equal(load(t, undefined).config.offline, false)
  t.equal(wrong(t, 'offline: perhaps\n').length, 1)
  t.end()
})

t.test('internal names are names and globs in normal form', t => {
  t.strictSame(load(t, 'index: { internal: [Acme._Cloud*, B] }\n').config.index.internal, ['acme-cloud*', 'b'])
  for (const glob of ['-a', 'a**', 'a b', 'a?', '""'])
    t.equal(wrong(t, `index: { internal: ["${glob.replaceAll('"', '')}"] }\n`).length, 1, glob)
  t.end()
})

t.test('lists that must not be empty', t => {
  t.match(wrong(t, 'policy: []\nupstream: { files: [] }\n'), [/policy: must not be empty/, /files: must not be empty/])
  t.match(wrong(t, 'policy: acme.yaml\n'), [/policy: must be a list/])
  t.end()
})

t.test('a TUF mirror needs a root to start from, whoever named it', t => {
  t.match(wrong(t, 'trust: { tuf_url: "https://tuf.example" }\n'), [
    /^portcullis\.yaml:1:10 trust\.tuf_url: needs trust\.tuf_root/,
  ])
  const environment = { PORTCULLIS_TRUST_TUF_ROOT: 'root.json' }
  t.strictSame(wrong(t, 'trust: { tuf_url: "https://tuf.example" }\n', { environment }), [])
  t.end()
})

t.test('credentials are kept by origin', t => {
  const { auth } = load(
    t,
    'upstream:\n  auth:\n    https://A.example/some/path: { username: u, password: "p:ü" }\n    "https://b.example:8443": { token: abc }\n',
  ).config.upstream
  t.strictSame(auth, {
    'https://a.example': { username: 'u', password: 'p:ü' },
    'https://b.example:8443': { token: 'abc' },
  })
  t.end()
})

t.test('no message about credentials repeats them', t => {
  const auths = [
    SECRET,
    `"${SECRET}"`,
    `[${SECRET}]`,
    `{ "https://u:${SECRET}@a.example": { token: x } }`,
    `{ "http://a.example/${SECRET}": { token: x } }`,
    `{ "https://a.example": ${SECRET} }`,
    `{ "https://a.example": { token: "${SECRET} ü" } }`,
    `{ "https://a.example": { token: ${SECRET}, username: ${SECRET} } }`,
    `{ "https://a.example": { username: "${SECRET}:", password: x } }`,
    `{ "https://a.example": { ${SECRET}: x } }`,
    `{ "https://a.example": { token: x }, "https://a.example/b": { token: ${SECRET} } }`,
    `{ "https://a.example": { token: *${SECRET} } }`,
    `{ "https://a.example": { token: &${SECRET} x } }`,
    `{ "https://a.example": { token: !${SECRET} x } }`,
    `{ "https://a.example": { token: "${SECRET}\\q" } }`,
    `{ "https://a.example": { token: @${SECRET} } }`,
    `{ "https://a.example": { token: x } } ${SECRET}`,
    `{ "https://a.example": { token: "${SECRET} } }`,
  ]
  for (const auth of auths) {
    const inFile = wrong(t, `upstream:\n  auth: ${auth}\n`)
    t.ok(inFile.length > 0, auth)
    t.notMatch(inFile.join('\n'), SECRET, auth)
    const inVariable = wrong(t, undefined, { environment: { PORTCULLIS_UPSTREAM_AUTH: auth } })
    t.ok(inVariable.length > 0, auth)
    t.notMatch(inVariable.join('\n'), SECRET, auth)
    const folder = t.testdir({ auth })
    const file = wrong(t, undefined, { environment: { PORTCULLIS_UPSTREAM_AUTH_FILE: join(folder, 'auth') } })
    t.notMatch(file.join('\n'), SECRET, auth)
  }
  for (const key of ['index: ', 'integrity: ', 'files: - '])
    t.notMatch(
      wrong(t, `upstream:\n  ${key.replace(' - ', '\n  - ')}https://u:${SECRET}@a.example\n`).join('\n'),
      SECRET,
      key,
    )
  t.end()
})

t.test('the JSON Schema says no more than the gate accepts: keys are closed at every level', t => {
  const open: string[] = []
  const visit = (schema: unknown, path: string): void => {
    if (typeof schema !== 'object' || schema === null) return
    if ('properties' in schema && !('additionalProperties' in schema && schema.additionalProperties === false))
      open.push(path)
    for (const [key, inner] of Object.entries(schema)) visit(inner, `${path}/${key}`)
  }
  visit(configJsonSchema(), '')
  t.strictSame(open, [])
  t.notMatch(JSON.stringify(configJsonSchema()), ROOT, 'no path of a machine')
  t.equal(shownLines(showConfig(load(t, undefined))).length, CONFIG_KEYS.length + 20)
  t.end()
})
