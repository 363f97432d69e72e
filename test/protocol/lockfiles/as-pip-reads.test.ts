// guards: src/protocol/lockfiles/requirements/decode.ts src/protocol/lockfiles/requirements/lines.ts src/protocol/lockfiles/requirements/options.ts src/protocol/lockfiles/requirements/parse.ts src/protocol/lockfiles/requirements/python-text.ts
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { type Folder, findPip, readAsPip, readAsWe } from './as-pip-reads.ts'

const pip = await findPip()
const skip = pip === undefined ? 'this machine has no pip' : false
const ENVIRONMENT = { WHERE: 'https://index.example/simple', PIN: 'demo==1.0', EMPTY: '', DOLLAR: '$&' }
const HASH = `--hash=sha256:${'a'.repeat(64)}`

/** `<NAME>` as a requirements file spells a variable. */
const variables = (text: string): string => text.replace(/<(\w+)>/g, '$${$1}')
const top = (content: string | Uint8Array): Folder => ({ 'requirements.txt': content })
const marked = (mark: readonly number[], text: string, encoding: BufferEncoding): Uint8Array =>
  Buffer.concat([Buffer.from(mark), Buffer.from(text, encoding)])
const utf32 = (text: string): Uint8Array =>
  Buffer.concat(Array.from(text, character => Buffer.from(Uint32Array.of(character.codePointAt(0) ?? 0).buffer)))

/** Odd files, each read to the same requirements at the same lines, or stopped at by both. */
const ODD: Readonly<Record<string, Folder>> = {
  'every end of a line': top(
    `a==1\nb==1\rc==1\r\nd==1\ve==1\ff==1\u001cg==1\u001dh==1\u001ei==1\u0085j==1\u2028k==1\u2029l==1\n\n\nm==1`,
  ),
  'no end of a line': top('a==1\u001fb==1\u200bc==1'),
  'spaces of Python': top('\u001fa==1\u00a0\n\u3000b==1\u2003# c\nd==1\ufeff\n\u180ee==1'),
  comments: top(`# one\n  # two\na==1# three\nb==1 # four\nc==1\t#five #six\n#\n d==1 ##\u0085e==1#f`),
  'a comment in a continued line': top('a==1 \\\n# comment \\\nb==1 \\\n  # comment\n--pre\nc==1 \\\n#\\\nd==1'),
  continuations: top(
    `a==1 \\\n    ${HASH} \\\n    ${HASH.replace('aa', 'bb')}\nb=\\\n=2\nc==1 \\ \nd==1\\\\\\\ne\n\\\\f==1\\\n\\\n`,
  ),
  'a continuation at the end': top('a==1\nb==1 \\'),
  'nothing but a backslash': top('\\'),
  empty: top(''),
  variables: top(
    variables('<PIN>\n<EMPTY>a==1\n<UNSET>b==1\n<pin>c==1\n--index-url <WHERE>\n$PIN\n<DOLLAR>d==1\n<PIN><PIN>'),
  ),
  'a variable that makes a comment': top(variables('a==1 <WHERE> #<PIN>\n#<PIN>')),
  options: top(
    '--pre\n-i https://a.example\n-ihttps://b.example\n-i=c\n--index-url=https://d.example --extra-index-url https://e.example --extra-index-url=https://f.example\n--no-binary :all: --only-binary=a\n--trusted-host h --use-feature fast-deps\n--require-hashes',
  ),
  'options by their beginning': top('--index https://a.example\n--extra https://b.example\n--find here\n--trusted h'),
  'an ambiguous beginning': top('--require a.txt'),
  'an option of nobody': top('a==1\n--nobody\n'),
  'a short option of nobody': top('-x'),
  'a value for a flag': top('--pre=yes'),
  'no value': top('--index-url'),
  'a value that is an option': top('--index-url --pre\na==1'),
  'words beside options': top('--pre a==1\nb==1 --pre c==1\n-- --pre\n- d==1\ne==1 -'),
  'options beside a requirement': top(`a==1 --index-url https://a.example -r gone.txt ${HASH}\nb==1  ${HASH}`),
  'a tab before an option': top(`a==1\t${HASH}`),
  quotations: top(
    `--index-url "https://a.example"\n--find-links 'a b'\n-e "./a b"\n-e ./a\\ b\n--extra-index-url "a\\"b\\c"`,
  ),
  'a quotation without an end': top(`--index-url "a`),
  'a quotation in a requirement': top(`a==1 ; python_version < "3"\nb==1 ; os_name == "it's"`),
  'an escape without an end': top('--index-url a\\\\\nb==1'),
  'no index': top('--no-index\n--index-url https://a.example\n--find-links f\n-f g -f h'),
  'an index after extra ones': top(
    '--extra-index-url https://a.example\n--index-url https://b.example\n--extra-index-url https://c.example',
  ),
  editables: top('-e ./a\n--editable=b -e c\n-e git+https://g.example/r@main#egg=r\n-e d --hash=sha256:aa'),
  urls: top(
    'a @ https://u.example/a-1.tar.gz\nhttps://u.example/b-1.tar.gz#sha256=aa\ngit+ssh://g.example/c\n./d ; os_name == "nt"',
  ),
  hashes: top(`a==1 --hash sha512:aa --hash=sha384:bb ${HASH}\nb==1 ${HASH} ${HASH}`),
  'a weak hash': top('a==1 --hash=md5:aa'),
  'an algorithm in capitals': top('a==1 --hash=SHA256:aa'),
  'a hash without its algorithm': top('a==1 --hash=aa'),
  'a hash of nothing': top(`${HASH}\na==1`),
  included: {
    'requirements.txt': 'a==1\n-r more/b.txt\n-c c.txt -r d.txt\n--requirement=d.txt\nz==1',
    'more/b.txt': 'b==1\n-r ../d.txt\n-c../c.txt\n--extra-index-url https://b.example',
    'c.txt': 'c<3\n-r e.txt',
    'd.txt': 'd==1 \\\n\n',
    'e.txt': 'e==1',
  },
  'constraints in requirements of constraints': {
    'requirements.txt': '-c c.txt',
    'c.txt': 'a<1\n-r d.txt\n-c e.txt',
    'd.txt': 'b==1',
    'e.txt': 'c==1',
  },
  'a file twice': { 'requirements.txt': '-r a.txt\n-r a.txt', 'a.txt': 'a==1' },
  'a circle': { 'requirements.txt': '-r a.txt', 'a.txt': '-r ./requirements.txt' },
  'a file that is not there': top('-r gone.txt'),
  'each file in its own encoding': {
    'requirements.txt': '-r a.txt\n-r b.txt\nc==1\u0085d==1',
    'a.txt': Buffer.from('# coding: latin-1\na==1\u0085b==1', 'latin1'),
    'b.txt': marked([0xff, 0xfe], 'e==1\u2028f==1', 'utf16le'),
  },
  'UTF-8 with a mark': top(marked([0xef, 0xbb, 0xbf], 'a==1\n# ü', 'utf8')),
  'UTF-8 with two marks': top(marked([0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf], 'a==1\nb==1', 'utf8')),
  'UTF-16, little': top(marked([0xff, 0xfe], 'a==1\nb==1', 'utf16le')),
  'UTF-16, big': top(
    marked(
      [0xfe, 0xff],
      'a==1\nb==1'
        .split('')
        .map(c => `\0${c}`)
        .join(''),
      'latin1',
    ),
  ),
  'UTF-16, cut': top(marked([0xff, 0xfe, 0x61], 'a', 'latin1')),
  'UTF-32, little, whose mark older pips take for that of UTF-16': top(
    Buffer.concat([Buffer.from([0xff, 0xfe, 0, 0]), utf32('a==1\nb==1 # 😀')]),
  ),
  'UTF-32, big': top(Buffer.concat([Buffer.from([0, 0, 0xfe, 0xff]), Buffer.from(utf32('a==1\nb==1')).swap32()])),
  'UTF-32, cut': top(Buffer.from([0xff, 0xfe, 0, 0, 0x61])),
  'UTF-16 without a mark': top(Buffer.from('a==1\nb==1', 'utf16le')),
  'declared in the first line': top(Buffer.from('# -*- coding: latin-1 -*-\na==1\u0085b==1\n# \u00fc', 'latin1')),
  'declared in the second line': top(Buffer.from('#!\n# vim: set fileencoding=iso-8859-1 :\na==1\u0085b==1', 'latin1')),
  'declared in the third line': top(Buffer.from('#\n#\n# coding: latin-1\na==1\u0085b==1', 'latin1')),
  'declared in no comment': top(Buffer.from(' # coding: latin-1\na==1\u0085b==1', 'latin1')),
  'declared behind a carriage return': top('#\ra==1 # coding: ascii\nb==1\u2028c==1'),
  'declared ASCII that is none': top('# coding: ascii\na==1 # ü'),
  'declared UTF-8': top('# coding=UTF8\na==1\u2028b==1'),
  'declared nothing that is known': top('# coding: nothing-at-all\na==1'),
}

/** pip reads these. */
const REFUSED: Readonly<Record<string, Folder>> = {
  'a requirement beside an editable one, which pips do not agree on': top('a==1 -e ./b'),
  'declared cp1252': top('# coding: cp1252\na==1'),
  'declared UTF-7, where an end of a line can hide': top('# coding: utf-7\na==1+AAo-b==1'),
}

t.test('odd requirements files are read as pip reads them', { skip }, async t => {
  const folder = t.testdir()
  const known = Object.entries(ODD).filter(
    ([name]) => !name.includes('older pips') || Number.parseInt(pip ?? '', 10) >= 25,
  )
  const corpus = known.map(([name, files], index) => ({ name, files, at: join(folder, String(index)) }))
  const readings = await readAsPip(corpus, ENVIRONMENT)
  for (const [index, { name, files }] of corpus.entries())
    t.strictSame(readAsWe(files, ENVIRONMENT), readings[index], name)
})

t.test('what is not read as pip reads it is refused', { skip }, async t => {
  const folder = t.testdir()
  const corpus = Object.entries(REFUSED).map(([name, files], index) => ({
    name,
    files,
    at: join(folder, String(index)),
  }))
  const readings = await readAsPip(corpus, ENVIRONMENT)
  for (const [index, { name, files }] of corpus.entries()) {
    t.not(readings[index], 'error', `pip reads it: ${name}`)
    t.equal(readAsWe(files, ENVIRONMENT), 'error', `this project does not: ${name}`)
  }
})

const PIECES: readonly string[] = [
  [
    'a==1',
    'b == 2',
    ' ',
    '  ',
    '\t',
    '\\',
    '\\\n',
    '\n',
    '\r',
    '\r\n',
    '\v',
    '\f',
    '\u001c',
    '\u001f',
    '\u0085',
    '\u2028',
  ],
  ['#', ' #', '# x', '-', '--', '--pre', '--pre=', '--index-url', '-i', '=', '"', "'", ';', 'os_name', '@', './x'],
  ['<PIN>', '<EMPTY>', '<NO>'].map(variables),
  ['--hash=sha256:aa', '--hash', 'sha256:bb', '-c', '-r', 'o.txt', '\u00a0', '\ufeff', 'ü'],
].flat()

t.test('whatever is put together of odd pieces is read as pip reads it', { skip }, async t => {
  const pieces = fc.constantFrom(...PIECES)
  const texts = fc.sample(
    fc.array(pieces, { maxLength: 14 }).map(found => found.join('')),
    { numRuns: 500, seed: 7 },
  )
  const folder = t.testdir()
  const corpus = texts.map((text, index) => ({
    at: join(folder, String(index)),
    files: { 'requirements.txt': text, 'o.txt': 'o==1' },
  }))
  const readings = await readAsPip(corpus, ENVIRONMENT)
  const different = corpus.filter(
    ({ files }, index) => JSON.stringify(readAsWe(files, ENVIRONMENT)) !== JSON.stringify(readings[index]),
  )
  t.strictSame(
    different.map(({ files }) => files['requirements.txt']),
    [],
  )
  t.ok(readings.filter(reading => reading !== 'error').length > 100, 'and much of it is read')
})
