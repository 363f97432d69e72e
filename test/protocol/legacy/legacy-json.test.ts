import t from 'tap'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { atOnce } from '../../../src/flow/steps.ts'
import { withoutIndexLinks } from '../../../src/protocol/legacy/index-links.ts'
import { createLegacyReader, legacyJson } from '../../../src/protocol/legacy/legacy-json.ts'
import { renderLegacyJson } from '../../../src/protocol/legacy/render-legacy.ts'

t.test('nothing leads to the index, and everything else stays', async t => {
  const cleaned = withoutIndexLinks(
    {
      package_url: 'https://pypi.org/project/demo/',
      home_page: 'https://acme.example/demo',
      description: 'see https://pypi.org/p/demo or https://acme.example',
      project_urls: { Source: 'https://git.example/demo', Index: 'https://mirror.example:8443/demo' },
      name: 'pypi.org',
      badges: ['https://img.example/x', 'https://pypi.org/badge'],
    },
    ['https://mirror.example:8443'],
  )
  t.strictSame(cleaned, {
    package_url: null,
    home_page: 'https://acme.example/demo',
    description: 'see  or https://acme.example',
    project_urls: { Source: 'https://git.example/demo' },
    name: 'pypi.org',
    badges: ['https://img.example/x'],
  })
})

t.test('the document is sent on in pieces: without files that are left out, with URLs at the gate', async t => {
  const file = (filename: string) => ({
    digests: { SHA256: 'a'.repeat(64), unknown: 'x' },
    filename,
    url: `https://files.example/${filename}`,
    comment_text: 'ümläut "quoted"',
  })
  const document = {
    info: { name: 'Demo', summary: 'ä' },
    last_serial: 3,
    releases: { '1.0': [file('a'), file('b')], '2.0': [file('c')], '3.0': [] },
    urls: [file('c'), file('b'), { filename: 5 }, 'no file'],
    vulnerabilities: [],
    left: 'out',
  }
  const reader = createLegacyReader({ project: parseProjectName('demo'), serial: undefined, origins: [] })
  for (const byte of Buffer.from(JSON.stringify(document))) reader.write(Uint8Array.of(byte))
  const json = reader.end()
  const rendered = atOnce(
    renderLegacyJson(json, {
      keep: ({ filename, sha256 }) => filename !== 'c' && sha256 === 'a'.repeat(64),
      urlOf: ({ filename }) => `https://gate.example/${filename}`,
      claims: 'as listed',
    }),
  )
  const there = (filename: string) => ({
    ...file(filename),
    digests: { sha256: 'a'.repeat(64) },
    url: `https://gate.example/${filename}`,
  })
  t.strictSame(JSON.parse(rendered.toString()), {
    info: { name: 'Demo', summary: 'ä' },
    last_serial: 3,
    releases: { '1.0': [there('a'), there('b')], '3.0': [] },
    urls: [there('b')],
    vulnerabilities: [],
  })
  t.equal(json.serial, 3)
})

t.test('what only METADATA can say is told as the index lists it, or null', async t => {
  const others = { name: 'demo', summary: 'requires_dist' }
  const told = {
    requires_dist: ['other>=1'],
    requires_python: '>=3.9',
    provides_extra: ['fast'],
    dynamic: null,
    requires: ['other'],
    provides_dist: null,
  }
  const unsaid = { requires_dist: null, requires_python: null, provides_extra: null, dynamic: null }
  for (const [claimed, left] of [
    [told, others],
    [{}, others],
    [told, { name: 'demo' }],
  ] as const) {
    const reader = createLegacyReader({ project: parseProjectName('demo'), serial: undefined, origins: [] })
    reader.write(Buffer.from(JSON.stringify({ info: { ...claimed, ...left }, urls: [], last_serial: 3 })))
    const json = reader.end()
    const infoWith = (claims: 'as listed' | 'null') => {
      const text = atOnce(renderLegacyJson(json, { keep: () => true, urlOf: () => undefined, claims })).toString()
      const document = JSON.parse(text)
      t.equal(document.last_serial, 3)
      return document.info
    }
    t.strictSame(infoWith('as listed'), { ...claimed, ...left })
    t.strictSame(infoWith('null'), { ...unsaid, ...left })
  }
})

t.test('a document whose only words are what METADATA says, and one without any, are sent on', async t => {
  const project = parseProjectName('demo')
  for (const document of [{ info: { requires_dist: ['other'] } }, { info: {} }, {}]) {
    const json = legacyJson({ ...document, urls: [] }, { project, serial: undefined })
    const rendering = { keep: () => true, urlOf: () => undefined, claims: 'as listed' } as const
    t.strictSame(JSON.parse(atOnce(renderLegacyJson(json, rendering)).toString()), { urls: [], ...document })
  }
})
