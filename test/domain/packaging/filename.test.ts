import fc from 'fast-check'
import t from 'tap'
import {
  candidateProjects,
  type DistFilename,
  isListedFilename,
  namesWithin,
  parseDistFilename,
  sameDistribution,
  wheelTags,
} from '../../../src/domain/packaging/filename.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { parseVersion } from '../../../src/domain/packaging/version.ts'

function parsed(text: string, project?: string): DistFilename {
  const name = parseDistFilename(text, project === undefined ? undefined : parseProjectName(project))
  if (name === undefined) throw new Error(`not a distribution: ${text}`)
  return name
}

t.test('a wheel is read field by field', async t => {
  t.strictSame(parsed('Foo.Bar-1.0.0-cp312-abi3.none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl'), {
    kind: 'wheel',
    text: 'Foo.Bar-1.0.0-cp312-abi3.none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl',
    project: 'foo-bar',
    version: '1.0.0',
    build: '',
  })
  t.match(parsed('foo-1.0+cu118-07abc-PY3-none-any.any.whl'), { version: '1.0+cu118', build: '7abc' })
})

t.test('the tags of a wheel are read out of its name, sorted and once each', async t => {
  for (const [name, tags] of [
    [
      'Foo.Bar-1.0.0-cp312-none.abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl',
      { pythons: ['cp312'], abis: ['abi3', 'none'], platforms: ['manylinux2014_x86_64', 'manylinux_2_17_x86_64'] },
    ],
    ['foo-1.0+cu118-07abc-PY3.py2-none-any.any.whl', { pythons: ['py2', 'py3'], abis: ['none'], platforms: ['any'] }],
  ] as const) {
    const wheel = parsed(name)
    t.strictSame(wheel.kind === 'wheel' ? wheelTags(wheel) : undefined, tags)
  }
})

t.test('a name has as many tags as names have, and one more combination makes it none', async t => {
  const eight = 'a.b.c.d.e.f.g.h'
  t.ok(parseDistFilename(`foo-1.0-${eight}-${eight}-${eight}.whl`))
  t.notOk(parseDistFilename(`foo-1.0-${eight}-${eight}-${eight}.i.whl`))
})

t.test('a source distribution is read from its last dash that leaves a version', async t => {
  t.match(parsed('foo-bar-1.0.tar.gz'), {
    kind: 'sdist',
    project: 'foo-bar',
    version: '1.0',
    extension: '.tar.gz',
  })
  t.match(parsed('foo-1!2.0a1.zip'), { project: 'foo', version: '1!2.0a1', extension: '.zip' })
  t.match(parsed('foo-1.0-beta.tar.gz'), { project: 'foo', version: '1.0b0' }, '"beta" is no version')
})

t.test('the project decides what an ambiguous source distribution is', async t => {
  t.match(parsed('foo-1-2.tar.gz'), { project: 'foo-1', version: '2' })
  t.match(parsed('foo-1-2.tar.gz', 'foo'), { project: 'foo', version: '1.post2' })
  t.match(parsed('foo-1-2.tar.gz', 'foo-1'), { project: 'foo-1', version: '2' })
  t.equal(parseDistFilename('foo-1-2.tar.gz', parseProjectName('bar')), undefined)
})

t.test('a wheel of another project is nothing', async t => {
  t.ok(parseDistFilename('foo_bar-1.0-py3-none-any.whl', parseProjectName('Foo.Bar')))
  t.equal(parseDistFilename('foo_bar-1.0-py3-none-any.whl', parseProjectName('foo')), undefined)
})

t.test('what `packaging` refuses, and what is no distribution, is undefined', async t => {
  for (const text of [
    '',
    'foo',
    'foo.whl',
    'foo-1.0.whl',
    'foo-1.0-py3-none.whl',
    'foo-1.0-py3-none-any',
    'foo-1.0-1-2-py3-none-any.whl',
    'foo-1.0-build-py3-none-any.whl',
    'foo-1.0--py3-none-any.whl',
    'foo__bar-1.0-py3-none-any.whl',
    'foo-1.0_1-py3-none-any.whl',
    'foo-x-py3-none-any.whl',
    'foo-1.0-py3..py2-none-any.whl',
    'foo-1.0-py3-none-.whl',
    'foo-1.0-py3-none-any.WHL',
    `foo-1.0-${'a.'.repeat(30)}a-${'b.'.repeat(30)}b-any.whl`,
    'foo-1.0-py2.7.egg',
    'foo-1.0.win32.exe',
    'foo-1.0.tar.bz2',
    'foo-1.0.tgz',
    'foo-1.0.tar.gz.asc',
    'foo-1.0-py3-none-any.whl.metadata',
    'foo-1.0-variants.json',
    '-1.0.tar.gz',
    '.foo-1.0.tar.gz',
    '../foo-1.0.tar.gz',
    'foo-1.0.tar.gz\0',
    'foo-1.0.tar.gz\n',
    'föö-1.0.tar.gz',
    `${'f'.repeat(250)}-1.0.tar.gz`,
  ])
    t.equal(parseDistFilename(text), undefined, JSON.stringify(text).slice(0, 60))
})

t.test('names of 255 bytes work', async t => {
  const text = `${'f'.repeat(255 - '-1.0.tar.gz'.length)}-1.0.tar.gz`
  t.equal(text.length, 255)
  t.ok(parseDistFilename(text))
  t.notOk(isListedFilename(`f${text}`))
})

t.test('two spellings of one distribution are the same', async t => {
  for (const [a, b] of [
    ['foo_bar-1.0-py3-none-any.whl', 'Foo.Bar-1.0.0-py3-none-any.whl'],
    ['foo-1.0-py2.py3-none-any.whl', 'foo-1.0-py3.py2-none-any.whl'],
    ['foo-1.0-1-py3-none-any.whl', 'foo-1.0-01-py3-none-any.whl'],
    ['foo-1.0.post1.tar.gz', 'Foo-1.0.0.post1.tar.gz'],
    ['foo-1.0c1.tar.gz', 'foo-1.0.rc1.tar.gz'],
  ] as const) {
    t.ok(sameDistribution(parsed(a), parsed(b)), `${a} and ${b}`)
    t.ok(sameDistribution(parsed(b), parsed(a)), `${b} and ${a}`)
  }
})

t.test('one difference makes another distribution', async t => {
  const wheel = 'foo-1.0-1-py3-none-any.whl'
  for (const other of [
    'fooo-1.0-1-py3-none-any.whl',
    'foo-1.1-1-py3-none-any.whl',
    'foo-1.0+x-1-py3-none-any.whl',
    'foo-1!1.0-1-py3-none-any.whl',
    'foo-1.0-2-py3-none-any.whl',
    'foo-1.0-1a-py3-none-any.whl',
    'foo-1.0-py3-none-any.whl',
    'foo-1.0-1-py2-none-any.whl',
    'foo-1.0-1-py2.py3-none-any.whl',
    'foo-1.0-1-py3-abi3-any.whl',
    'foo-1.0-1-py3-none-win32.whl',
    'foo-1.0.tar.gz',
  ])
    t.notOk(sameDistribution(parsed(wheel), parsed(other)), other)
  t.notOk(sameDistribution(parsed('foo-1.0.tar.gz'), parsed('foo-1.0.zip')), 'another archive format')
  t.notOk(sameDistribution(parsed('foo-1-2.tar.gz', 'foo'), parsed('foo-1-2.tar.gz')), 'another reading')
})

t.test('a version is found behind as many dashes as it may have itself', async t => {
  t.match(parsed('foo-1-rc-1-post-2-dev-3.zip'), { project: 'foo-1-rc-1-post-2' }, 'the longest name first')
  t.match(parsed('foo-1-rc-1-post-2-dev-3.zip', 'foo'), { project: 'foo', version: '1rc1.post2.dev3' })
  const local = Array.from({ length: 40 }, () => 'a').join('-')
  t.match(parsed(`foo-1-rc-1-post-2-dev-3+${local}.zip`, 'foo'), { project: 'foo' })
  t.match(parsed('foo-1+a-1.0.zip'), { project: 'foo', version: '1+a.1.0' })
})

t.test('candidate projects come likeliest first, at most eight', async t => {
  t.strictSame(candidateProjects('foo_bar-1.0-py3-none-any.whl'), ['foo-bar'])
  t.strictSame(candidateProjects('foo-bar-1.0.tar.gz'), ['foo-bar'])
  t.strictSame(candidateProjects('foo-1-2.tar.gz'), ['foo-1', 'foo'])
  t.strictSame(candidateProjects('foo-1-2-3.zip').slice(0, 2), ['foo-1-2', 'foo-1'])
  t.strictSame(candidateProjects('foo_bar-1.0-py2.7.egg').slice(0, 1), ['foo-bar'])
  t.equal(candidateProjects(`${'1-'.repeat(100)}1.egg`).length, 100)
  for (const text of ['', 'foo', '../foo-1.0.tar.gz', 'foo-1.0.tar.gz\0']) t.strictSame(candidateProjects(text), [])
})

t.test('a name before what could be a version is told of, though the file is none of its own', async t => {
  t.strictSame(namesWithin('foo-1.0-2-3.zip'), ['foo'])
  t.strictSame(namesWithin('foo-1-2-3.zip'), ['foo'])
  t.strictSame(namesWithin('foo-1.0.dev1-2.tar.gz'), ['foo'])
  for (const text of ['foo-2-1.0.tar.gz', 'foo-bar-1.0.tar.gz', 'foo-1-2.tar.gz', 'foo-1.0-1-py3-none-any.whl', 'foo'])
    t.strictSame(namesWithin(text), [], text)
})

const letters = fc.stringMatching(/^[a-z0-9]{1,8}$/)
const project = fc.array(letters, { minLength: 1, maxLength: 3 }).map(parts => parts.join('_'))
const version = fc
  .tuple(
    fc.array(fc.nat(99), { minLength: 1, maxLength: 4 }),
    fc.constantFrom('', 'a1', 'b2', 'rc3', '.post4', '.dev5', 'a1.post2.dev3', '+local.1'),
  )
  .map(([release, rest]) => `${release.join('.')}${rest}`)

t.test('what is put into a name is read out of it', async () => {
  const tag = fc.constantFrom('py3', 'cp312', 'py2.py3', 'none', 'abi3', 'manylinux_2_17_x86_64')
  fc.assert(
    fc.property(
      project,
      version,
      fc.option(fc.nat(99), { nil: undefined }),
      fc.tuple(tag, tag, tag),
      (name, v, build, tags) => {
        const text = [name, v, ...(build === undefined ? [] : [build]), ...tags].join('-')
        const wheel = parsed(`${text}.whl`)
        return (
          wheel.project === parseProjectName(name) &&
          wheel.version === parseVersion(v) &&
          wheel.kind === 'wheel' &&
          wheel.build === (build === undefined ? '' : String(build)) &&
          candidateProjects(`${text}.whl`)[0] === wheel.project &&
          sameDistribution(wheel, parsed(`${text.toUpperCase()}.whl`))
        )
      },
    ),
    { numRuns: 300 },
  )
  fc.assert(
    fc.property(project, version, fc.constantFrom('.tar.gz', '.zip'), (name, v, extension) => {
      const text = `${name}-${v}${extension}`
      const sdist = parsed(text)
      return sdist.project === parseProjectName(name) && sdist.version === parseVersion(v)
    }),
  )
})

t.test('no text makes a parser throw, and what parses stays within the grammar', async t => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc
      .array(fc.constantFrom('-', '.', '_', '1', 'a', '+', '!', 'post', 'dev', 'rc', '1.0', 'py3', '\0', '/'), {
        maxLength: 80,
      })
      .chain(parts => fc.constantFrom('.whl', '.tar.gz', '.zip', '').map(end => parts.join('') + end)),
  )
  fc.assert(
    fc.property(hostile, text => {
      const name = parseDistFilename(text)
      const candidates = candidateProjects(text)
      if (name === undefined) return candidates.length <= 8
      return isListedFilename(text) && candidates.includes(name.project) && sameDistribution(name, name)
    }),
    { numRuns: 2000 },
  )
  t.pass('never threw')
})
