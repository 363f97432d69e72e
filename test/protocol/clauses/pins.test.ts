import t from 'tap'
import { type ReadPins, readPins } from '../../../src/protocol/clauses/pins.ts'

const [A, B] = ['a'.repeat(64), 'b'.repeat(64)]

function told(read: ReadPins): readonly string[] {
  return read.releases.map(
    ({ project, version, hashes, line }) => `${line} ${project}==${version} ${[...hashes].map(hex => hex[0]).join('')}`,
  )
}

t.test('a pins file is what pip writes: a release a block, with comments', async t => {
  const read = readPins(
    [
      '# the app',
      `Six==1.17.0 --hash=sha256:${A}  # one line`,
      '',
      'zope.interface==7.0.post1 \\',
      `    --hash=sha256:${A} \\`,
      `    --hash=sha256:${B}`,
      '    # via acme',
    ].join('\n'),
  )
  t.strictSame(read.wrong, [])
  t.strictSame(told(read), ['2 six==1.17.0 a', '4 zope-interface==7.0.post1 ab'])
})

t.test('line ends, tabs, a byte order mark and a missing last line end mean nothing', async t => {
  const text = `\uFEFFsix==1.17.0 \\\r\n\t--hash=sha256:${A}\r\nsix==1.16.0 --hash=sha256:${B}`
  t.strictSame(told(readPins(text)), ['1 six==1.17.0 a', '3 six==1.16.0 b'])
})

const GOOD = `six==1.17.0 --hash=sha256:${A}`
const WRONG: readonly (readonly [what: string, text: string, place: string, message: RegExp])[] = [
  ['an empty file', '', '1:1', /pins nothing/],
  ['comments alone', '# six\n\n', '1:1', /pins nothing/],
  ['a release without a hash', `${GOOD}\nseven==1.0`, '2:1', /has no --hash=sha256/],
  ['another hash function', 'six==1.0 --hash=sha512:abc', '1:10', /must be --hash=sha256: and 64/],
  ['a hash in capitals', `six==1.0 --hash=sha256:${'A'.repeat(64)}`, '1:10', /64 lower-case hex digits/],
  ['a hash that is cut off', `six==1.0 --hash=sha256:${'a'.repeat(63)}`, '1:10', /64 lower-case hex digits/],
  ['an extra', `six[x]==1.0 --hash=sha256:${A}`, '1:1', /must be name==version, without extras/],
  ['a marker', `six==1.0 ; python_version<"3" --hash=sha256:${A}`, '1:10', /must be --hash=sha256:.*found ";"/],
  ['another operator', `six>=1.0 --hash=sha256:${A}`, '1:1', /must be name==version/],
  ['arbitrary equality', `six===1.0 --hash=sha256:${A}`, '1:1', /must be name==version/],
  ['a wild version', `six==1.* --hash=sha256:${A}`, '1:1', /must be name==version/],
  ['spaces around the operator', `six == 1.0 --hash=sha256:${A}`, '1:1', /must be name==version/],
  ['an option of pip', `--index-url https://pypi.org/simple\n${GOOD}`, '1:1', /must be name==version/],
  ['a URL', `six @ https://pypi.org/six.whl --hash=sha256:${A}`, '1:1', /must be name==version/],
  ['a hash that stands alone', `six==1.0 --hash=sha256:${A}\n  --hash=sha256:${B}`, '2:3', /must be name==version/],
  ['a hash behind a comment', `six==1.0 \\\n# no\n  --hash=sha256:${A}`, '1:1', /has no --hash/],
  [
    'a release that stands twice',
    `${GOOD}\nSIX==1.17 --hash=sha256:${B}`,
    '2:1',
    /six==1\.17 stands in line 1 already/,
  ],
  ['a file that is cut off', `six==1.0 --hash=sha256:${A} \\`, '1:1', /ends in a backslash: the file is not whole/],
]

for (const [what, text, place, message] of WRONG)
  t.test(`${what} is told at its place`, async t => {
    const { wrong } = readPins(text)
    t.ok(
      wrong.some(it => `${it.line}:${it.column}` === place && message.test(it.message)),
      what,
      { wrong },
    )
  })

t.test('everything that is wrong is told at once', async t => {
  t.equal(readPins('six\nseven==1\neight==x --hash=sha256:b').wrong.length, 5)
})
