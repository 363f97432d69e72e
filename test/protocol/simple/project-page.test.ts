// guards: src/protocol/simple/hashes.ts src/protocol/simple/html-page.ts src/protocol/simple/html-tags.ts
// guards: src/protocol/simple/page-entries.ts src/protocol/simple/project-index.ts src/protocol/simple/project-status.ts
import t from 'tap'
import { GateError } from '../../../src/domain/base/errors.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import type { IndexFile, ProjectIndex } from '../../../src/protocol/simple/project-index.ts'
import { parseProjectPage } from '../../../src/protocol/simple/project-page.ts'
import { inAnyRound } from '../../world/thread/rounds.ts'
import { threadTime } from '../../world/thread/thread-time.ts'

const SHA = 'ab'.repeat(32)
const OTHER = 'cd'.repeat(32)
const UNKNOWN = { name: 'GateError', code: 'unknown-upstream' }
const FILES = 'https://files.example'
const CONTEXT = {
  project: parseProjectName('demo'),
  pageUrl: 'https://index.example/simple/demo/',
  fileOrigins: [FILES, 'https://index.example'],
  serial: undefined,
}

function readJson(page: object): ProjectIndex {
  const whole = { meta: { 'api-version': '1.4' }, name: 'demo', files: [], ...page }
  return parseProjectPage(Buffer.from(JSON.stringify(whole)), 'application/vnd.pypi.simple.v1+json', CONTEXT)
}

function readHtml(html: string, context: Partial<typeof CONTEXT> = {}): ProjectIndex {
  return parseProjectPage(Buffer.from(html), 'text/html', { ...CONTEXT, ...context })
}

function entry(changes: object): object {
  return { filename: 'demo-1.0.tar.gz', url: `${FILES}/demo-1.0.tar.gz`, hashes: { sha256: SHA }, ...changes }
}

function only({ files }: ProjectIndex): IndexFile {
  const [file, another] = files
  if (file === undefined || another !== undefined) throw new TypeError(`there are ${files.length}`)
  return file
}

t.test('digests are read in either case', t => {
  for (const hashes of [{ SHA256: SHA }, { sha256: SHA.toUpperCase() }, { Sha256: SHA, sha256: SHA.toUpperCase() }]) {
    const file = only(readJson({ files: [entry({ hashes })] }))
    t.equal(file.sha256, SHA, JSON.stringify(hashes))
    t.strictSame(file.hashes, { sha256: SHA })
  }
  for (const key of ['core-metadata', 'data-dist-info-metadata', 'dist-info-metadata']) {
    const wheel = { filename: 'demo-1.0-py3-none-any.whl', url: `${FILES}/demo-1.0-py3-none-any.whl` }
    const file = only(readJson({ files: [entry({ ...wheel, [key]: { SHA256: OTHER.toUpperCase() } })] }))
    t.equal(file.coreMetadata, OTHER, key)
  }
  t.end()
})

t.test('an entry that spells one digest twice, and differently, is dropped with a word', t => {
  const why = 'its hashes contradict each other'
  for (const changes of [
    { hashes: { sha256: SHA, SHA256: OTHER } },
    { hashes: { sha256: SHA, md5: 'a'.repeat(32), MD5: 'b'.repeat(32) } },
    { 'core-metadata': { sha256: SHA, SHA256: OTHER } },
  ]) {
    const { files, dropped } = readJson({ files: [entry(changes)] })
    t.strictSame(
      { files, dropped },
      { files: [], dropped: [{ filename: 'demo-1.0.tar.gz', why }] },
      JSON.stringify(changes),
    )
  }
  const { dropped } = readHtml(`<a href="${FILES}/demo-1.0.tar.gz#sha256=${SHA}&sha256=${OTHER}">x</a>`)
  t.match(dropped, [{ why }])
  t.end()
})

t.test('one name with two contents is neither, and somebody is told', t => {
  const dropped = [{ filename: 'demo-1.0.tar.gz', why: 'listed twice with different hashes' }]
  for (const twin of [
    { hashes: { sha256: OTHER } },
    { hashes: {} },
    { hashes: { sha256: OTHER }, url: `${FILES}/x.gz` },
  ]) {
    t.match(readJson({ files: [entry({}), entry(twin)] }), { files: [], dropped })
    t.match(readJson({ files: [entry(twin), entry({})] }), { files: [], dropped }, 'in either order')
    t.match(readJson({ files: [entry({}), entry(twin), entry({})] }), { files: [], dropped }, 'nor is the majority')
  }
  t.equal(readJson({ files: [entry({}), entry({})] }).files.length, 1, 'said twice it is one file')
  const link = (sha256: string) => `<a href="${FILES}/demo-1.0.tar.gz#sha256=${sha256}">demo-1.0.tar.gz</a>`
  t.match(readHtml(`${link(SHA)}${link(OTHER)}`), { files: [], dropped }, 'in HTML too')
  t.end()
})

t.test('a URL that a file cannot have drops its entry', t => {
  for (const url of [
    'https://elsewhere.example/demo-1.0.tar.gz',
    '//elsewhere.example/demo-1.0.tar.gz',
    'https://user:secret@files.example/demo-1.0.tar.gz',
    'https://user@files.example/demo-1.0.tar.gz',
    'http://files.example/demo-1.0.tar.gz',
    'https://files.example:444/demo-1.0.tar.gz',
    'https://files.example.evil.example/demo-1.0.tar.gz',
    'javascript:alert(1)',
    'data:application/gzip;base64,AAAA',
    'file:///etc/passwd',
    'https://[',
    `${FILES}/${'a'.repeat(5_000)}`,
    '',
    null,
    7,
    ['https://files.example/demo-1.0.tar.gz'],
  ]) {
    const { files, dropped } = readJson({ files: [entry({ url }), entry({ filename: 'demo-2.0.tar.gz' })] })
    // an empty reference is the page itself, which is on the origin of the index
    if (url === '') t.equal(files.length, 2)
    else
      t.match({ files, dropped }, { files: [{ filename: 'demo-2.0.tar.gz' }], dropped: [{ why: /URL/ }] }, String(url))
  }
  t.end()
})

t.test('a file in PyPI’s own place is where a parser of URLs finds it, however that is spelled', t => {
  const folder = `/packages/${'ab'.repeat(1)}/${'cd'.repeat(1)}/${'ef'.repeat(30)}/`
  const read = (filename: string, url: string): unknown => {
    const { files } = readJson({ files: [entry({ filename, url })] })
    return files.map(file => [file.url, file.path])
  }
  const plain = 'demo-1.0+local-py3-none-any.whl'
  const place = `${folder}${plain}`
  t.strictSame(read(plain, `${FILES}${place}`), [[`${FILES}${place}`, place]])
  t.strictSame(read(plain, `${FILES}:443${place}`), [[`${FILES}${place}`, place]])
  t.strictSame(read(plain, `HTTPS://FILES.example${place}#sha256=${SHA}`), [[`${FILES}${place}`, place]])
  const encoded = `${FILES}${folder}${plain.replace('+', '%2B')}`
  t.strictSame(read(plain, encoded), [[encoded, place]])
  const upper = `${FILES}${place.replace('ef', 'EF')}`
  const byDigest = `/packages/ab/ab/${'ab'.repeat(30)}/${plain}`
  t.strictSame(read(plain, upper), [[upper, byDigest]])
  t.strictSame(read('demo-1.0.tar.gz', `${FILES}${place}`), [
    [`${FILES}${place}`, `/packages/ab/ab/${'ab'.repeat(30)}/demo-1.0.tar.gz`],
  ])
  t.strictSame(read(plain, `${FILES}.evil.example${place}`), [])
  t.strictSame(read(plain, `${FILES}/..${place}`), [[`${FILES}${place}`, place]])
  t.end()
})

t.test('the project’s status', t => {
  t.test('is read from the page and from its meta, and the stricter holds', t => {
    const meta = (status: string) => ({
      meta: { 'api-version': '1.4', 'project-status': { status, reason: 'in meta' } },
    })
    t.match(readJson(meta('quarantined')), { status: 'quarantined', statusReason: 'in meta' })
    t.match(readJson({ ...meta('archived'), 'project-status': { status: 'active', reason: 'above' } }), {
      status: 'archived',
      statusReason: 'in meta',
    })
    t.match(readJson({ ...meta('deprecated'), 'project-status': { status: 'quarantined' } }), {
      status: 'quarantined',
      statusReason: undefined,
    })
    t.match(
      readHtml(
        '<meta name="pypi:repository-version" content="1.4"><meta name="pypi:project-status" content="archived"><meta name="pypi:project-status-reason" content="moved">',
      ),
      {
        status: 'archived',
        statusReason: 'moved',
        files: [],
      },
    )
    t.end()
  })

  t.test('that is absent is active', t => {
    for (const page of [{}, { 'project-status': null }, { 'project-status': {} }])
      t.match(readJson(page), { status: 'active' })
    t.end()
  })

  t.test('that cannot be read is unknown, never active', t => {
    const unreadable = [
      'quarantined',
      ['quarantined'],
      7,
      true,
      { status: ['quarantined'] },
      { status: null },
      { status: 'paused' },
      { status: '' },
      { status: 'Quarantined' },
    ]
    for (const status of unreadable) {
      t.throws(() => readJson({ 'project-status': status }), UNKNOWN, JSON.stringify(status))
      t.throws(() => readJson({ meta: { 'api-version': '1.0', 'project-status': status } }), UNKNOWN)
      t.throws(
        () =>
          readJson({
            'project-status': status,
            meta: { 'api-version': '1.4', 'project-status': { status: 'active' } },
          }),
        UNKNOWN,
      )
    }
    t.throws(
      () =>
        readHtml(
          '<meta name="pypi:repository-version" content="1.4"><meta name="pypi:project-status" content="paused">',
        ),
      UNKNOWN,
    )
    t.end()
  })
  t.end()
})

t.test('a page without meta is read as 1.0, with a warning', t => {
  for (const meta of [undefined, {}]) {
    const page = readJson({ meta, files: [entry({ provenance: null, size: 5 })] })
    t.match(page, { minor: 0, warnings: [/no meta/], files: [{ provenance: 'none', size: 5 }] })
  }
  t.equal(readJson({}).warnings, undefined)
  for (const meta of ['1.0', null, [], { 'api-version': 1 }, { 'api-version': '2.0' }, { 'api-version': null }])
    t.throws(() => readJson({ meta }), UNKNOWN, JSON.stringify(meta))
  t.end()
})

t.test('a page in HTML', t => {
  t.test('is its links to files, as installers read them', t => {
    const page = readHtml(`<!DOCTYPE html>
<html><head>
  <meta name="pypi:repository-version" content="1.3">
  <title>Links for demo</title>
  <script>document.write('<a href="demo-6.0.zip#sha256=${OTHER}">demo-6.0.zip</a>')</script>
</head><body>
  <a href="../">Parent</a> <a href="?C=N;O=D">Name</a> <a>nothing</a> <a href="https://home.example/">home</a>
  <!-- <a href="demo-7.0.zip#sha256=${OTHER}">demo-7.0.zip</a> -->
  <A HREF='${FILES}/x/demo-1.0%2Bcpu-py3-none-any.whl#sha256=${SHA.toUpperCase()}'
     data-requires-python="&gt;=3.9,&lt;4" data-core-metadata="sha256=${OTHER}" data-yanked="broken &amp; old"
     data-provenance="https://index.example/integrity/demo">any text</A>
  <a href="demo-2.0.tar.gz#md5=${'0'.repeat(32)}" data-yanked>demo-2.0.tar.gz</a>
  <a href="../../packages/demo-3.0.zip?x=1#egg=demo&amp;sha256=${SHA}" data-dist-info-metadata=true>demo-3.0.zip</a>
  <a href="https://elsewhere.example/demo-4.0.zip#sha256=${SHA}">demo-4.0.zip</a>
</body></html>`)
    t.match(page, { name: 'demo', minor: 3, versions: undefined, status: 'active', serial: undefined })
    t.strictSame(
      page.files.map(
        ({ filename, url, sha256, requiresPython, yanked, coreMetadata, provenance, size, uploadTime }) => [
          filename,
          url,
          sha256,
          requiresPython,
          yanked,
          coreMetadata,
          provenance,
          size,
          uploadTime,
        ],
      ),
      [
        [
          'demo-1.0+cpu-py3-none-any.whl',
          `${FILES}/x/demo-1.0%2Bcpu-py3-none-any.whl`,
          SHA,
          '>=3.9,<4',
          'broken & old',
          OTHER,
          'offered',
          undefined,
          undefined,
        ],
        [
          'demo-2.0.tar.gz',
          'https://index.example/simple/demo/demo-2.0.tar.gz',
          undefined,
          undefined,
          true,
          undefined,
          'none',
          undefined,
          undefined,
        ],
        [
          'demo-3.0.zip',
          'https://index.example/packages/demo-3.0.zip?x=1',
          SHA,
          undefined,
          false,
          undefined,
          'none',
          undefined,
          undefined,
        ],
      ],
    )
    t.match(page.dropped, [{ filename: 'demo-4.0.zip', why: /origin/ }])
    t.end()
  })

  t.test('is resolved against its base', t => {
    const link = `<a href="demo-1.0.zip#sha256=${SHA}">demo-1.0.zip</a>`
    for (const [base, url] of [
      [`<base href="${FILES}/a/">`, `${FILES}/a/demo-1.0.zip`],
      ['<base href="../x/">', 'https://index.example/simple/x/demo-1.0.zip'],
      [`<base href="/b/"><base href="${FILES}/c/">`, 'https://index.example/b/demo-1.0.zip'],
      ['<base href="http://[">', 'https://index.example/simple/demo/demo-1.0.zip'],
    ] as const) {
      t.equal(only(readHtml(`${link}${base}`)).url, url, base)
    }
    t.match(readHtml(`<base href="https://evil.example/">${link}`), { files: [], dropped: [{ why: /origin/ }] })
    t.end()
  })

  t.test('of another major is refused, and without a version it is 1.0', t => {
    const link = `<a href="demo-1.0.zip#sha256=${SHA}">demo-1.0.zip</a>`
    t.equal(readHtml(link).minor, 0)
    t.equal(readHtml(link).warnings, undefined, 'PEP 629 says so')
    t.equal(readHtml(`<meta name="pypi:repository-version" content="1.9">${link}`).minor, 4)
    for (const version of ['2.0', '1', 'x', ''])
      t.throws(() => readHtml(`<meta name="pypi:repository-version" content="${version}">${link}`), UNKNOWN, version)
    t.end()
  })

  t.test('may have no files, but must look like one', t => {
    t.strictSame(readHtml('<title>Links for demo</title>').files, [])
    for (const html of [
      '',
      '<html><h1>Sign in</h1><a href="/login">here</a></html>',
      '{"files":[]}',
      '<p>links for demo</p>',
    ])
      t.throws(() => readHtml(html), UNKNOWN, html)
    t.end()
  })

  t.test('is the project’s, or none', t => {
    const strangers: Readonly<Record<string, string>> = {
      'a sign-in page': '<title>Sign in</title><form><input name=user><a href="/help">help</a></form>',
      'one that links to an archive': '<title>Sign in</title><a href="/help/root-ca.zip">our certificate</a>',
      'one that links to a client of its own': '<a href="/help/agent-2.1.tar.gz">agent</a><a href="/a.msi">agent</a>',
      'one that is called like it': '<a href="/help/demo-ca.zip">our certificate</a>',
      'one with a file of it': `<form><INPUT type=PASSWORD></form><a href="demo-1.0.zip#sha256=${SHA}">x</a>`,
      'the page of another project': `<title>Links for other</title><a href="other-1.0.zip#sha256=${SHA}">x</a>`,
      'one without a heading': `<meta name="pypi:repository-version" content="1.0"><a href="other-1.0.zip#sha256=${SHA}">x</a>`,
      'the empty page of another project': '<title>Links for other</title><h1>Links for other</h1>',
    }
    for (const [what, html] of Object.entries(strangers)) t.throws(() => readHtml(html), UNKNOWN, what)
    const own: Readonly<Record<string, string>> = {
      'with a release': '<a href="demo-1.0.zip">x</a>',
      'with other links beside it': '<a href="/docs/guide.zip">docs</a><a href="demo-1.0.zip">x</a>',
      'with a form to have it read again': '<form method=post><input type=submit></form><a href="demo-1.0.zip">x</a>',
      'with an egg': '<a href="demo-1.0-py2.7.egg">x</a>',
      'with an installer': '<a href="demo-1.0.win32-py2.7.exe#md5=00000000000000000000000000000000">x</a>',
      'with a branch': '<a href="/archive/master.zip#egg=Demo-dev">x</a>',
      'with another spelling': `<a href="DEMO-1.0.zip#sha256=${SHA}">x</a>`,
      'with nothing but names that are nobody’s': `<title>Links for Demo</title><a href="first.zip#sha256=${SHA}">x</a>`,
      'without a file': '<title>user/dev: links for demo</title><h1>links for demo</h1>',
      'without a name': '<title>Links for</title>',
    }
    for (const [what, html] of Object.entries(own)) t.doesNotThrow(() => readHtml(html), what)
    t.end()
  })

  t.test('takes time in proportion to its length, whatever is in it', async t => {
    const hostile = ['<i>', '<a>', '<svg>', '<a href="', '<!--', '<a x=1 y=2>', '</b><i>', '&amp']
    for (const piece of hostile) {
      const time = async (length: number) => {
        const html = piece.repeat(length / piece.length)
        return (await threadTime(async () => t.throws(() => readHtml(html), GateError, piece))).ms
      }
      await time(15_000)
      await inAnyRound(
        t,
        `ms for twenty times as much of ${piece}`,
        async () => ({ few: await time(75_000), many: await time(1_500_000) }),
        ({ few, many }) => many < 120 * Math.max(few, 1),
      )
    }
  })
  t.end()
})

t.test(
  'below a file origin with a path, an entry outside it is dropped, in both forms, and its neighbours stay',
  async t => {
    const context = { ...CONTEXT, fileOrigins: [`${FILES}/public`] }
    const urls = {
      'demo-1.0.tar.gz': `${FILES}/public/demo-1.0.tar.gz`,
      'demo-1.1.tar.gz': `${FILES}/private/demo-1.1.tar.gz`,
      'demo-1.2.tar.gz': `${FILES}/public/%2e%2E%2fprivate/demo-1.2.tar.gz`,
      'demo-1.3.tar.gz': '/simple/demo-1.3.tar.gz',
    }
    const files = Object.entries(urls).map(([filename, url]) => entry({ filename, url }))
    const page = { meta: { 'api-version': '1.4' }, name: 'demo', files }
    const json = parseProjectPage(Buffer.from(JSON.stringify(page)), 'application/vnd.pypi.simple.v1+json', context)
    const html = readHtml(
      Object.values(urls)
        .map(url => `<a href="${url}#sha256=${SHA}">x</a>`)
        .join(),
      context,
    )
    for (const read of [json, html]) {
      t.equal(only(read).filename, 'demo-1.0.tar.gz')
      t.equal(read.dropped.length, 3)
    }
  },
)

t.test('a page whose entries hold more text than those of any project is none, however it is spread', async t => {
  const reason = 'y'.repeat(4_096)
  const named = (count: number, change: (at: number) => object): readonly object[] =>
    Array.from({ length: count }, (_, at) => {
      const filename = `demo-1.${at}.tar.gz`
      return entry({ filename, url: `${FILES}/${filename}`, ...change(at) })
    })
  for (const [what, change] of Object.entries({
    'reasons for yanking': () => ({ yanked: reason }),
    'demands on Python': () => ({ 'requires-python': reason }),
    'one file over and over': () => ({ filename: 'demo-1.0.tar.gz', url: `${FILES}/demo-1.0.tar.gz`, yanked: reason }),
  })) {
    t.throws(
      () => readJson({ files: named(4_200, change) }),
      { ...UNKNOWN, detail: /more than 16777216 characters/ },
      what,
    )
    t.ok(readJson({ files: named(1_000, change) }).files.length > 0, `${what}, in a measure`)
  }
  const far = { url: `${FILES}/${'a/'.repeat(2_000)}` }
  t.throws(() => readJson({ files: named(17_000, () => far) }), { ...UNKNOWN, detail: /more than 67108864 characters/ })
  const links = Array.from(
    { length: 4_200 },
    (_, at) => `<a href="${FILES}/demo-1.${at}.tar.gz#sha256=${SHA}" data-yanked="${reason}">demo-1.${at}.tar.gz</a>`,
  )
  t.throws(() => readHtml(links.join('')), { ...UNKNOWN, detail: /more than 16777216 characters/ }, 'in HTML too')
})
