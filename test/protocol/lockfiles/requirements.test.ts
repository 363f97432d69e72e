// guards: src/protocol/lockfiles/requirements/formats.ts
import t from 'tap'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { A, B, C, read, short, told, wrong } from './locks-as-text.ts'

t.test('requirements with hashes', async t => {
  const text = [
    '# made by a tool',
    '--index-url https://index.example/simple',
    'Demo.One[extra]==1.0 ; python_version >= "3.9" \\',
    `    --hash=sha256:${A} \\`,
    `    --hash=sha256:${B.toUpperCase()}`,
    '    # via app',
    `two==2.0 --hash sha256:${C}  # a comment`,
    'three==3.0',
    '-e ./here',
    './there',
    'four @ https://files.example/four-1.tar.gz',
    'https://files.example/five-1.tar.gz',
    '',
  ]
  for (const end of ['\n', '\r\n']) {
    const lock = read('requirements.txt', text.join(end))
    t.strictSame(told(lock), [
      `demo-one 1.0: ?=${short(A)} ?=${short(B)} @3 if python_version >= "3.9"`,
      `two 2.0: ?=${short(C)} @7`,
      'three 3.0: + @8',
    ])
    t.strictSame(
      lock.unjudged.map(({ name, line }) => `${name} @${line}`),
      [
        '--index-url https://index.example/simple @2',
        './here @9',
        './there @10',
        'four @11',
        'https://files.example/five-1.tar.gz @12',
      ],
    )
  }
  t.match(
    wrong('requirements.txt', 'two>=2.0\n'),
    /requirements\.txt:1: two is not locked: pin it with ==, found ">=2\.0"/,
  )
  t.match(wrong('requirements.txt', '\n\ntwo'), /requirements\.txt:3: .*found "no version"/)
  t.match(wrong('requirements.txt', 'two==2.*'), /is not locked/)
  t.match(wrong('requirements.txt', 'two==2.0,<3'), /is not locked/)
  t.match(wrong('requirements.txt', 'two==2.0 --hash=sha256:abc'), /not a sha256 of 64 hex digits/)
  t.match(wrong('requirements.txt', 'two==two'), /is not one version/)
})

/** Lines, and what is taken of demo and of other: pip's `FormatControl`. */
const FORMATS: readonly (readonly [lines: string, demo: string | undefined, other: string | undefined])[] = [
  ['', undefined, undefined],
  ['--no-binary Demo', 'sdist', 'any'],
  ['--no-binary=:all:', 'sdist', 'sdist'],
  ['--no-binary :all:\n--only-binary demo', 'wheel', 'sdist'],
  ['--only-binary :all:\n--no-binary demo,more', 'sdist', 'wheel'],
  ['--no-binary demo --only-binary demo', 'wheel', 'any'],
  ['--no-binary demo\n--no-binary :none:', 'any', 'any'],
  ['--no-binary :all:,:none:,demo', 'sdist', 'any'],
  ['--no-binary :all:,other', 'sdist', 'sdist'],
]

t.test('a requirements file says what is taken of a release', async t => {
  for (const [lines, demo, other] of FORMATS) {
    const lock = read('requirements.txt', `${lines}\ndemo==1.0\n`)
    t.equal(lock.formats?.(parseProjectName('demo')), demo, lines)
    t.equal(lock.formats?.(parseProjectName('other')), other, lines)
    t.strictSame(lock.unjudged, [])
  }
})

t.test('what a requirements file includes', async t => {
  const files = {
    '/locks/more.txt': `-c constraints.txt\ntwo==2.0`,
    '/locks/constraints.txt': `two==2.0 --hash=sha256:${A}\nunused==1 --hash=sha256:${B}`,
    '/locks/self.txt': '-r self.txt',
  }
  t.strictSame(told(read('/locks/requirements.txt', '-r more.txt\n', { files })), [`two 2.0: ?=${short(A)} @2`])
  t.strictSame(told(read('/locks/requirements.txt', '--requirement=more.txt\n', { files })), [
    `two 2.0: ?=${short(A)} @2`,
  ])
  t.match(wrong('/locks/requirements.txt', '-r self.txt', { files }), /self\.txt:1: includes itself/)
  t.match(wrong('/locks/requirements.txt', '-r gone.txt', { files }), /gone\.txt is not there/)
})
