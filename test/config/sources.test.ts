// guards: src/config/parts.ts src/config/sources-schema.ts
import t from 'tap'
import { showConfig } from '../../src/config/show.ts'
import { indexesOf, sourcesOf } from '../../src/config/sources.ts'
import { load, SECRET, wrong } from './loaded-config.ts'

const TWO = `sources:
  acme: { index: "https://nexus.acme.example/repository/pypi", owns: ["Acme_*", left.hand], auth: { token: ${SECRET} } }
  pypi: { index: "https://pypi.org" }
`

t.test('the short form is one source and one index', async t => {
  const { config } = load(t, 'index: { mode: hide }\n')
  t.match(sourcesOf(config), [{ rule: { name: 'upstream', owns: [], only: undefined }, index: 'https://pypi.org' }])
  const { policy, access } = config
  t.same(indexesOf(config), [{ name: 'main', path: '', sources: ['upstream'], policy, mode: 'hide', access }])
})

t.test('sources without indexes are one index at /, asked in the order written', async t => {
  const { config } = load(t, TWO)
  t.match(sourcesOf(config), [
    {
      rule: { name: 'acme', owns: ['acme-*', 'left-hand'], only: undefined },
      files: ['https://nexus.acme.example/repository/pypi'],
      integrity: 'https://nexus.acme.example/repository/pypi',
      auth: { 'https://nexus.acme.example': { token: SECRET } },
      timeout: 10_000,
    },
    { rule: { name: 'pypi', owns: [] }, files: ['https://files.pythonhosted.org'], auth: {} },
  ])
  t.match(indexesOf(config), [{ name: 'main', path: '', sources: ['acme', 'pypi'], mode: 'list' }])
})

t.test('an index takes from the top level what it leaves out', async t => {
  const { config } = load(
    t,
    `${TWO}policy: [common.yaml]
indexes:
  ml: { path: /team/ml, sources: [pypi], policy: [ml.yaml], mode: hide }
  main: { path: /, sources: [acme, pypi] }
`,
  )
  const [main, ml, ...others] = indexesOf(config)
  t.same(others, [])
  t.match(main, { name: 'main', path: '', sources: ['acme', 'pypi'], policy: [/common\.yaml$/], mode: 'list' })
  t.match(ml, { name: 'ml', path: '/team/ml', sources: ['pypi'], policy: [/ml\.yaml$/], mode: 'hide' })
})

t.test('both forms at once are an error that names both places', async t => {
  t.match(wrong(t, `${TWO}upstream:\n  index: https://mirror.example\n`), [
    /^portcullis\.yaml:5:3 upstream\.index: sources, at portcullis\.yaml:1:1, stands in place of upstream; leave one out$/,
  ])
  t.match(wrong(t, TWO, { environment: { PORTCULLIS_UPSTREAM_INDEX: 'https://mirror.example' } }), [
    /^PORTCULLIS_UPSTREAM_INDEX upstream\.index: sources/,
  ])
})

const A = 'index: "https://a.example"'
const B = 'index: "https://b.example"'

for (const [what, yaml, expected] of [
  [
    'two owners of one name',
    `sources:\n  a: { ${A}, owns: ["acme-*"] }\n  b:\n    ${B}\n    owns: ["*-core"]\n`,
    /^portcullis\.yaml:5:5 sources\.b\.owns: a and b cannot both own acme-\* and \*-core$/,
  ],
  [
    'an `only` that leaves out what is owned',
    `sources:\n  a:\n    ${A}\n    owns: [acme]\n    only: [other]\n`,
    /^portcullis\.yaml:5:5 sources\.a\.only: leaves out acme, which a owns/,
  ],
  [
    'an owner whose provenance another source is asked for',
    `sources:\n  a:\n    ${A}\n    integrity: "https://b.example/pep740"\n    owns: [acme]\n  b: { ${B} }\n`,
    /^portcullis\.yaml:4:5 sources\.a\.integrity: is where b is asked, which would hear of what a owns: leave it out$/,
  ],
  [
    'two indexes at one path',
    `sources: { a: { ${A} } }\nindexes:\n  one: { path: /x1, sources: [a] }\n  two:\n    path: /x1\n    sources: [a]\n`,
    /^portcullis\.yaml:5:5 indexes\.two\.path: one is at \/x1 already$/,
  ],
  [
    'a source that there is not',
    `sources: { a: { ${A} } }\nindexes:\n  one:\n    path: /\n    sources: [a, pypi]\n`,
    /^portcullis\.yaml:5:\d+ indexes\.one\.sources\.1: there is no source pypi; there are: a$/,
  ],
  [
    'a source named twice',
    `sources: { a: { ${A} } }\nindexes: { one: { path: /, sources: [a, a] } }\n`,
    /sources\.1: a is there already$/,
  ],
  [
    'a path that hides a route',
    `sources: { a: { ${A} } }\nindexes: { one: { path: /ml/simple, sources: [a] } }\n`,
    /^portcullis\.yaml:2:\d+ indexes\.one\.path: would hide paths of the gate/,
  ],
  [
    'a path with a slash at its end',
    `sources: { a: { ${A} } }\nindexes: { one: { path: /ml/, sources: [a] } }\n`,
    /indexes\.one\.path: must be a path such as \/ or \/ml/,
  ],
  [
    'plain http beyond loopback',
    'sources: { a: { index: "http://nexus.acme.example" } }\n',
    /^portcullis\.yaml:1:\d+ sources\.a\.index:/,
  ],
  ['a name that is none', `sources: { A_b: { ${A} } }\n`, /^portcullis\.yaml:1:\d+ sources\.A_b: must be a name of/],
  ['no source', 'sources: {}\n', /^portcullis\.yaml:1:\d+ sources: must not be empty/],
  [
    'an unknown key',
    `sources: { a: { ${A}, own: [x] } }\n`,
    /sources\.a\.own: unknown key "own" \(did you mean "owns"/,
  ],
] as const)
  t.test(`${what} is an error at its place`, async t => t.match(wrong(t, yaml), [expected]))

t.test('provenance may be asked for elsewhere by a source that owns nothing, or where no other source is', async t => {
  const { config } = load(
    t,
    `sources:
  a: { ${A}, integrity: "https://b.example" }
  b: { ${B} }
  c: { index: "https://c.example", integrity: "https://attest.c.example", owns: [acme] }
`,
  )
  t.equal(sourcesOf(config).length, 3)
})

t.test('credentials of a source are not shown, nor repeated by what is wrong with them', async t => {
  const shown = JSON.stringify(showConfig(load(t, TWO)))
  t.match(shown, /"auth":\{"token":"\*\*\*"\}/)
  t.notMatch(shown, SECRET)
  t.match(shown, 'nexus.acme.example')
  for (const auth of [`"${SECRET}"`, `{ username: "a:b", password: ${SECRET} }`, `{ token: "${SECRET} x" }`]) {
    const lines = wrong(t, `sources: { a: { ${A}, auth: ${auth} } }\n`)
    t.match(lines, [/^portcullis\.yaml:1:\d+ sources\.a\.auth: must be \{ username, password \}/])
    t.notMatch(lines.join(), SECRET)
  }
})

t.test('sources may come from the environment, or from a file that it names', async t => {
  const sources = JSON.stringify({ acme: { index: 'https://a.example' } })
  t.match(load(t, undefined, { environment: { PORTCULLIS_SOURCES: sources } }).config.sources, { acme: {} })
  t.test('that file', async file => {
    const folder = t.testdir({ 'sources.yaml': TWO.replace('sources:\n', '').replace(/^ {2}/gm, '') })
    const environment = { PORTCULLIS_SOURCES_FILE: `${folder}/sources.yaml` }
    file.match(load(file, undefined, { environment }).config.sources, { acme: { auth: { token: SECRET } }, pypi: {} })
  })
})
