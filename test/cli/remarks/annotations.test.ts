import t from 'tap'
import { annotationsOf } from '../../../src/cli/remarks/annotations.ts'
import { EVIL, remark } from './made-remark.ts'

/** Reads a line as the runner does: the command, its properties, and the text, each unescaped. */
function parsed(line: string) {
  const [, command = '', properties = '', data = ''] = /^::(\w+)(?: (.*?))?::(.*)$/s.exec(line) ?? []
  const unescaped = (text: string) =>
    text
      .replaceAll('%0D', '\r')
      .replaceAll('%0A', '\n')
      .replaceAll('%3A', ':')
      .replaceAll('%2C', ',')
      .replaceAll('%25', '%')
  const pairs = properties
    .split(',')
    .map(pair => [pair.slice(0, pair.indexOf('=')), unescaped(pair.slice(pair.indexOf('=') + 1))])
  return { command, properties: Object.fromEntries(pairs), data: unescaped(data) }
}

t.test('each level has its command, the worst first', async t => {
  const out = annotationsOf(
    [remark({ level: 'note', line: 1 }), remark({ level: 'warning', line: 2 }), remark({ line: 3 })],
    '/src',
  )
  t.equal(
    out,
    [
      '::error file=uv.lock,line=3,title=unattested::pkg-1.0.tar.gz: has no attestation\n',
      '::warning file=uv.lock,line=2,title=unattested::pkg-1.0.tar.gz: has no attestation\n',
      '::notice file=uv.lock,line=1,title=unattested::pkg-1.0.tar.gz: has no attestation\n',
    ].join(''),
  )
  t.equal(annotationsOf([], '/src'), '')
})

t.test('files of one line are one annotation', async t => {
  const out = annotationsOf([remark(), remark(), remark(), remark({ line: 11 })], '/src')
  t.match(out.split('\n'), [/line=10.*attestation \(and 2 more of the same\)$/, /line=11.*attestation$/, ''])
})

t.test('nothing that somebody else wrote ends a line, a property or a command', async t => {
  const out = annotationsOf(
    [remark({ message: EVIL, lock: `/src/${EVIL}/uv.lock`, rule: { id: EVIL, title: EVIL, help: EVIL } })],
    '/src',
  )
  t.equal(out.split('\n').length, 2, 'one line')
  t.notMatch(out, /[^\P{C}\n]/u)
  const { command, properties, data } = parsed(out.trimEnd())
  t.equal(command, 'error')
  t.strictSame(Object.keys(properties), ['file', 'line', 'title'], 'no property more')
  t.equal(properties.line, '10')
  t.match(properties.title, /^a\\u\{d\}\\u\{a\}::error::b.*%0A::set-output name=x::y, file=z/)
  t.match(data, /^a\\u\{d\}\\u\{a\}::error::b.*%0A::set-output/)
})

t.test('a runner keeps ten of a kind: the tenth counts the rest', async t => {
  const lines = annotationsOf(
    Array.from({ length: 33 }, (_, line) => remark({ line: line + 1 })),
    '/src',
  ).split('\n')
  t.equal(lines.length, 11)
  t.equal(lines[9], '::error title=portcullis::and 24 more: see the log, or the SARIF file')
  const ten = annotationsOf(
    Array.from({ length: 10 }, (_, line) => remark({ line: line + 1 })),
    '/src',
  )
  t.notMatch(ten, 'more: see')
})
