import t from 'tap'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { parseVersion } from '../../../src/domain/packaging/version.ts'
import {
  MetadataReader,
  MOST_METADATA_BYTES,
  metadataObjection,
} from '../../../src/protocol/metadata/metadata-objection.ts'
import { tarGz, zip } from '../../world/index/archives.ts'
import { inAnyRound } from '../../world/thread/rounds.ts'
import { threadTime } from '../../world/thread/thread-time.ts'

const HONEST = 'Metadata-Version: 2.1\nName: Demo.Pkg\nVersion: 1.0.0\nSummary: naïve ☃\n\nA README.\r\n\tindented\n'

/** Python reads demo-pkg in it, and whoever ends lines at LF alone another project. */
const HIDDEN = 'Metadata-Version: 2.1\rName: demo-pkg\rVersion: 1.0\r\rx\nName: other\nVersion: 1.0\n\n'

function objection(bytes: string | Buffer): string | undefined {
  return metadataObjection(Buffer.from(bytes), release())?.code
}

function release() {
  const [project, version] = [parseProjectName('demo-pkg'), parseVersion('1.0')]
  if (version === undefined) throw new TypeError('1.0 is a version')
  return { project, version }
}

t.test('it makes no difference in which pieces a text comes', async t => {
  const texts: readonly (string | Buffer)[] = [
    HONEST,
    HONEST.replaceAll('\n', '\r\n'),
    HONEST.replaceAll('\n', '\r'),
    HIDDEN,
    `\ufeff${HONEST}`,
    HONEST.replace('1.0.0', '1.0.1'),
    HONEST.replace('Name: Demo.Pkg', 'Name: demo-pkg\r\n other'),
    HONEST.replace('Name', '\nName'),
    HONEST.replace('Summary: naïve ☃', 'Summary: 🦆\u2028'),
    `${HONEST}\0`,
    Buffer.from(HONEST, 'latin1'),
    Buffer.from(HONEST).subarray(0, Buffer.from(HONEST).indexOf('☃') + 2),
    Buffer.concat([Buffer.from(HONEST), Buffer.from([0xed, 0xa0, 0x80])]),
    Buffer.concat([Buffer.from(HONEST), Buffer.from([0x80])]),
  ]
  for (const [place, text] of texts.entries()) {
    const bytes = Buffer.from(text)
    const whole = metadataObjection(bytes, release())
    for (const size of [1, 2, 3, 7, 64]) {
      const reader = new MetadataReader()
      for (let at = 0; at < bytes.length; at += size) reader.write(bytes.subarray(at, at + size))
      t.strictSame(reader.objection(release()), whole, `text ${place} in pieces of ${size}`)
    }
  }
})

t.test('a line without end is no name', async t => {
  const long = `Name: demo-pkg${' '.repeat(70_000)}x`
  t.equal(
    objection(HONEST.replace('Summary', `X: ${'y'.repeat(200_000)}\nSummary`)),
    undefined,
    'another header may be long',
  )
  t.equal(objection(HONEST.replace('Version', `${'y'.repeat(200_000)}: z\nVersion`)), 'metadata-unreadable')
  t.equal(objection(HONEST.replace('Summary', `${long}\nSummary`)), 'metadata-mismatch')
})

t.test('core metadata of the release is given out', async t => {
  const texts: readonly string[] = [
    HONEST,
    HONEST.replaceAll('\n', '\r\n'),
    HONEST.replace('Name: Demo.Pkg', 'NAME:demo_pkg  '),
    HONEST.replace('1.0.0', 'v1.0'),
    HONEST.replace('Summary', 'License: a\n  license of\n\tmany lines\nSummary'),
    // headers that nobody folded: the text begins there, as it does for Python
    HONEST.replace('Summary', 'License: a\nlicense of\nNAME: others\nSummary'),
    'Metadata-Version: 1.0\nName: demo-pkg\nVersion: 1',
    HONEST.replace('A README.', `A README. ${'\u0085\u200b'} Name: other`),
    HONEST.replaceAll('\n', '\r'),
    // what ends a line for Python's str.splitlines, and for no client
    ...['\f', '\u0085', '\u2028', '\u2029'].flatMap(end => [
      HONEST.replace('A README', `A${end}README`),
      HONEST.replace('Name', `License: page${end}Name: other\nName`),
      HONEST.replace('Name', `License: page\n  ${end}\n  page\nName`),
    ]),
    HONEST.replace('Name', 'From here\n:\nName'),
  ]
  for (const text of texts) t.equal(objection(text), undefined, encodeURIComponent(text))
})

t.test('that of another release is not', async t => {
  for (const [from, to] of [
    ['Demo.Pkg', 'demo'],
    ['Demo.Pkg', 'demo-pkg2'],
    ['Demo.Pkg', ''],
    ['Demo.Pkg', 'demo pkg'],
    ['1.0.0', '1.0.1'],
    ['1.0.0', '1.0+local'],
    ['1.0.0', '1.0rc1'],
    ['1.0.0', 'one'],
    ['Summary', 'Name: other\nSummary'],
    ['Summary', 'version: 2.0\nSummary'],
    ['Name: Demo.Pkg', 'Name: demo-pkg\n other'],
    ['Summary: naïve', 'Summary: x\rName: other\rSummary: naïve'],
    ['Name: Demo.Pkg', 'Name: demo-pkg\u2028'],
    ['Name: Demo.Pkg', 'Name: demo-pkg\f'],
    ['Name: Demo.Pkg', 'Name: demo-pkg\rX: y'],
    ['Summary', 'From here\nName: other\nSummary'],
    ['Summary', ':\nName: other\nSummary'],
  ] as const)
    t.equal(objection(HONEST.replace(from, to)), 'metadata-mismatch', `${from} → ${to}`)
})

t.test('nor is what names another release where lines end at LF alone', async t => {
  t.equal(objection(HIDDEN), 'metadata-mismatch')
  t.equal(objection(HIDDEN.replace('other', 'demo-pkg')), undefined, 'both readings agree')
  t.equal(objection(HIDDEN.replace('other\nVersion: 1.0', 'demo-pkg\nVersion: 2.0')), 'metadata-mismatch')
})

t.test('nor is what is no core metadata', async t => {
  const member = { name: 'demo_pkg-1.0/PKG-INFO', bytes: Buffer.from(HONEST) }
  const cases: Readonly<Record<string, string | Buffer>> = {
    nothing: '',
    'a source distribution': tarGz([member]),
    'a wheel': zip([member]),
    'an archive behind METADATA': Buffer.concat([Buffer.from(HONEST), zip([member])]),
    'not UTF-8': Buffer.from(HONEST, 'latin1'),
    'UTF-8 cut short': Buffer.from(HONEST).subarray(0, HONEST.indexOf('ï') + 1),
    NUL: `${HONEST}\0`,
    'an escape': `${HONEST}\u001b[31m`,
    'a vertical tab': HONEST.replace('A README', '\v'),
    DEL: `${HONEST}\u007f`,
    'without a name': HONEST.replace('Name', 'Nome'),
    'without a version': HONEST.replace('\nVersion', '\nVision'),
    'without the version of its form': HONEST.replace('Metadata-Version: 2.1\n', ''),
    'a name below a text': HONEST.replace('Name', '\nName'),
    'a mark before it': `\ufeff${HONEST.replace('Metadata-Version: 2.1\n', '')}`,
    HTML: '<!DOCTYPE html>\n<html></html>\n',
    'more than is read': `${HONEST}${' '.repeat(MOST_METADATA_BYTES)}`,
  }
  for (const [what, bytes] of Object.entries(cases)) t.equal(objection(bytes), 'metadata-unreadable', what)
})

t.test('of control characters those of texts may stand in it, and no other', async t => {
  const refused = Array.from({ length: 128 }, (_, byte) => byte).filter(
    byte => objection(`${HONEST}${String.fromCharCode(byte)}`) !== undefined,
  )
  const [tab, lineFeed, formFeed, carriageReturn, del] = [9, 10, 12, 13, 127]
  const controls = Array.from({ length: 32 }, (_, byte) => byte)
  const ofTexts = [tab, lineFeed, formFeed, carriageReturn]
  t.strictSame(refused, [...controls.filter(byte => !ofTexts.includes(byte)), del])
})

for (const line of [' b', 'Name: demo-pkg', '\t'])
  t.test(`many lines of ${JSON.stringify(line)} cost time in proportion to them`, async t => {
    const long = (lines: number) =>
      `Metadata-Version: 2.1\nName: demo-pkg\nVersion: 1.0\nX: a\n${`${line}\n`.repeat(lines)}`
    const time = async (lines: number) => (await threadTime(async () => t.equal(objection(long(lines)), undefined))).ms
    await time(1_000)
    await inAnyRound(
      t,
      'ms for ten times as many lines',
      async () => ({ few: await time(5_000), many: await time(50_000) }),
      ({ few, many }) => many < 60 * Math.max(few, 1),
    )
  })
