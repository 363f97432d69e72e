import t from 'tap'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { fillContact, wrongContactUrl } from '../../../src/domain/policy/contact.ts'
import { diagnose, load } from '../../protocol/good-policy.ts'

const FACTS = {
  code: 'unattested',
  project: 'demo',
  version: '1!2.0+a',
  filename: 'demo-1!2.0+a.tar.gz',
  refusal: '3k9q0c7m2a1b',
  sha256: 'ab',
}
const ALL = 'https://tickets.acme.example/{code}?title={project}%20{version}&file={filename}&id={refusal}#{sha256}'

t.test('every placeholder is filled in, percent-encoded', async t => {
  t.strictSame(fillContact({ name: 'Us', url: ALL }, FACTS), {
    name: 'Us',
    url: 'https://tickets.acme.example/unattested?title=demo%201%212.0%2Ba&file=demo-1%212.0%2Ba.tar.gz&id=3k9q0c7m2a1b#ab',
  })
  const evil = { ...FACTS, filename: `a&b=c#d/../"<'()*>\u00e9\ud800{code}` }
  t.equal(
    fillContact({ name: '', url: 'mailto:us@acme.example?subject={filename}' }, evil).url,
    'mailto:us@acme.example?subject=a%26b%3Dc%23d%2F..%2F%22%3C%27%28%29%2A%3E%C3%A9%EF%BF%BD%7Bcode%7D',
    'nothing that is filled in is read again',
  )
  const poor = { ...FACTS, version: undefined, refusal: undefined, sha256: undefined }
  t.equal(
    fillContact({ name: '', url: 'https://a.example/{version}{refusal}{sha256}.' }, poor).url,
    'https://a.example/.',
  )
})

t.test('what leads elsewhere, or cannot be filled in, is an error', async t => {
  for (const good of [ALL, 'mailto:us@acme.example', 'mailto:us@acme.example?subject={code}', 'HTTPS://a.example'])
    t.equal(wrongContactUrl(good), undefined, good)
  for (const [url, why] of [
    ['http://a.example/', /must begin with https:\/\/ or mailto:/],
    ['javascript:alert(1)', /must begin with/],
    ['data:text/html,x', /must begin with/],
    ['//a.example', /must begin with/],
    ['https:a.example', /must begin with/],
    ['', /must begin with/],
    ['https://a.example/ {code}', /must be a URL/],
    ['https://a.example/\n', /must be a URL/],
    ['https://a.example/"onclick', /must be a URL/],
    ['https://a.example/{name}', /has "\{name\}", which nothing fills in: .*\{code\} \{project\}/],
    ['https://a.example/{}', /has "\{\}"/],
    ['https://a.example/{Code}', /has "\{Code\}"/],
    ['https://a.example/{code', /has "\{code"/],
    ['https://a.example/code}', /has "\}"/],
    ['https://a.example/{constructor}', /has "\{constructor\}"/],
    ['https://{project}.example/', /placeholder in its host/],
    ['https://{project}@a.example/', /placeholder in its host/],
    ['https://', /is no URL/],
    ['https://[/', /is no URL/],
  ] as const)
    t.match(wrongContactUrl(url), why, url)
})

t.test('a rule names its own contact before the policy does', async t => {
  const contact = (name: string) => `contact: { name: "${name}", url: "https://a.example/{code}" }`
  const { policy } = load(
    `version: 1\n${contact('All')}\nprojects:\n  - { match: own, deny: no, ${contact('Own')} }\n  - { match: "own-*", deny: no }`,
  )
  const asked = (project: string) => policy.contactFor(parseProjectName(project))?.name
  t.strictSame([asked('own'), asked('own-x'), asked('other')], ['Own', 'All', 'All'])
  t.equal(load('version: 1\nprojects: [{ match: a, deny: no }]').policy.contactFor(parseProjectName('a')), undefined)
})

t.test('the same contact may stand in several files, and two are one too many', async t => {
  const contact = (name: string) => `version: 1\ncontact: { name: ${name}, url: "mailto:a@b.c" }\n`
  const rule = 'projects: [{ match: a, deny: no }]\n'
  t.strictSame(diagnose(`${contact('Us')}${rule}---\n${contact('Us')}`), [])
  t.match(diagnose(`${contact('Us')}${rule}---\n${contact('Them')}`), [/^p\.yaml:6:1 contact: .*p\.yaml:2 already/])
})

t.test('a contact that cannot help is refused at its place', async t => {
  const wrong = (contact: string, own = '') =>
    diagnose(`version: 1\ncontact: ${contact}\nprojects:\n  - { match: a, deny: no${own} }`)
  t.strictSame(wrong('{ name: Us, url: "https://a.example/" }'), [])
  t.match(wrong('{ name: Us, url: "http://a.example/" }'), [/^p\.yaml:2:27 contact\.url: must begin with https/])
  t.match(wrong('{ name: Us }'), [/^p\.yaml:2:10 contact\.url: "url" is missing/])
  t.match(wrong('{ name: "", url: "mailto:a@b.c" }'), [/contact\.name: must be one line/])
  t.match(wrong('{ name: "a\\nb", url: "mailto:a@b.c" }'), [/contact\.name: must be one line/])
  t.match(wrong('{ name: Us, url: "mailto:a@b.c", phone: "1" }'), [/unknown key "phone"/])
  t.match(wrong('{ name: Us, url: "mailto:a@b.c" }', ', contact: { name: Us, url: "mailto:{who}" }'), [
    /^p\.yaml:4:\d+ projects\[0\]\.contact\.url: has "\{who\}"/,
  ])
})
