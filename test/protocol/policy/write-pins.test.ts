import fc from 'fast-check'
import t from 'tap'
import { parseSha256, type Sha256 } from '../../../src/domain/base/digest.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { parseVersion } from '../../../src/domain/packaging/version.ts'
import { readPins, releaseKey } from '../../../src/protocol/clauses/pins.ts'
import { changePins, type Pin, writePins } from '../../../src/protocol/policy/write-pins.ts'

const hash = (letter: string): Sha256 => {
  const sha256 = parseSha256(letter.repeat(64))
  if (sha256 === undefined) throw new TypeError('a hash')
  return sha256
}

/** `six==1.0 ab`: a release, and the first letters of its hashes. */
function pin(text: string): Pin {
  const [, project = '', version = '', letters = ''] = /^(.*)==(\S*) ?(.*)$/.exec(text) ?? []
  const parsed = parseVersion(version)
  if (parsed === undefined) throw new TypeError('a version')
  return { project: parseProjectName(project), version: parsed, hashes: new Set(Array.from(letters, hash)) }
}

const block = (release: string, ...letters: readonly string[]): string =>
  [release, ...letters.map(letter => `    --hash=sha256:${letter.repeat(64)}`)].join(' \\\n')

t.test('pins are written as pip writes them, sorted, a release a block', async t => {
  const text = writePins([pin('six==1.10 ba'), pin('abc==2 c'), pin('Six==1.9 a'), pin('six==1.10.0 c')], ['of\napp'])
  t.equal(text, `# of app\n${block('abc==2', 'c')}\n${block('six==1.9', 'a')}\n${block('six==1.10', 'a', 'b', 'c')}\n`)
  t.strictSame(readPins(text).wrong, [])
})

const KEPT = `# of the app\n\n${block('abc==2', 'c')}\n    # via app\n# asked for by Ann, SEC-1\n${block('six==1.9', 'b')}\n# end\n`

t.test('a change leaves everything else to the byte', async t => {
  t.equal(changePins(KEPT, { add: [] }), KEPT)
  t.equal(changePins(KEPT, { add: [pin('six==1.9.0 b')] }), KEPT, 'what is there already')
  t.equal(
    changePins(KEPT, { add: [pin('six==1.9 a')] }),
    KEPT.replace(block('six==1.9', 'b'), block('six==1.9', 'a', 'b')),
    'a hash more',
  )
  t.equal(
    changePins(KEPT, { add: [pin('bcd==1 d')] }),
    KEPT.replace('# asked', `${block('bcd==1', 'd')}\n# asked`),
    'a release between, and whose remarks are whose',
  )
  t.equal(
    changePins(KEPT, { add: [pin('zzz==1 d')] }),
    KEPT.replace('# end', `${block('zzz==1', 'd')}\n# end`),
    'a release at the end',
  )
  t.equal(
    changePins(KEPT, { add: [pin('aaa==1 d')] }),
    KEPT.replace('abc==2', `${block('aaa==1', 'd')}\nabc==2`),
    'a first one',
  )
  t.equal(
    changePins(KEPT, { add: [], remove: [pin('six==1.9')] }),
    KEPT.replace(`${block('six==1.9', 'b')}\n`, ''),
    'one that goes leaves its comments',
  )
  t.equal(
    changePins(KEPT, { add: [pin('six==1.10 d')], remove: [pin('six==1.9'), pin('none==1')] }),
    KEPT.replace(block('six==1.9', 'b'), block('six==1.10', 'd')),
    'one for another',
  )
})

t.test('a remark behind a release stays behind it', async t => {
  const remark = '  # SEC-1, until June'
  t.equal(
    changePins(`six==1.0 --hash=sha256:${'b'.repeat(64)}${remark}\n`, { add: [pin('six==1.0 a')] }),
    `${block('six==1.0', 'a', 'b')}${remark}\n`,
  )
})

t.test('line ends stay what they are, and so does a last line without one', async t => {
  const windows = KEPT.replaceAll('\n', '\r\n')
  t.equal(
    changePins(windows, { add: [pin('bcd==1 d')] }),
    changePins(KEPT, { add: [pin('bcd==1 d')] }).replaceAll('\n', '\r\n'),
  )
  const open = `${block('abc==2', 'c')}\n${block('six==1.9', 'b')}`
  t.equal(changePins(open, { add: [pin('six==1.9 c')] }), `${block('abc==2', 'c')}\n${block('six==1.9', 'b', 'c')}`)
  t.equal(changePins(open, { add: [pin('zzz==1 c')] }), `${open}\n${block('zzz==1', 'c')}`)
  t.equal(changePins(open, { add: [pin('aaa==1 c')] }), `${block('aaa==1', 'c')}\n${open}`)
})

t.test('a text that is no pins file is not changed, and an empty one may become one', async t => {
  t.throws(() => changePins('six\n', { add: [pin('abc==1 a')] }), TypeError)
  t.equal(changePins('', { add: [pin('abc==1 a')] }), `${block('abc==1', 'a')}\n`)
  t.equal(changePins('# of the app\n', { add: [pin('abc==1 a')] }), `# of the app\n${block('abc==1', 'a')}\n`)
})

t.test('whatever is added and taken away, the file says exactly that, and a second time changes nothing', async t => {
  const release = fc.tuple(
    fc.constantFrom('abc', 'six', 'x'),
    fc.constantFrom('1', '1.0', '2', '10'),
    fc.subarray(['a', 'b', 'c', 'd'], { minLength: 1 }),
  )
  const pins = fc.array(
    release.map(([project, version, letters]) => pin(`${project}==${version} ${letters.join('')}`)),
    { maxLength: 6 },
  )
  fc.assert(
    fc.property(pins, pins, pins, fc.constantFrom('\n', '\r\n'), fc.boolean(), (first, add, remove, lineEnd, open) => {
      const whole = writePins(first, ['head']).replaceAll('\n', lineEnd)
      const text = open ? whole.slice(0, -lineEnd.length) : whole
      const after = changePins(text, { add, remove })
      const wanted = new Map<string, Set<Sha256>>()
      const put = (it: Pin) =>
        void wanted.set(releaseKey(it), (wanted.get(releaseKey(it)) ?? new Set()).union(it.hashes))
      first.forEach(put)
      for (const it of remove) wanted.delete(releaseKey(it))
      add.forEach(put)
      const read = readPins(after)
      const found = new Map(read.releases.map(it => [releaseKey(it), it.hashes]))
      if (read.wrong.some(({ message }) => !message.startsWith('pins nothing'))) throw new Error('no pins file')
      if (found.size !== wanted.size) throw new Error('other releases')
      for (const [key, hashes] of wanted)
        if (found.get(key)?.symmetricDifference(hashes).size !== 0) throw new Error(`other hashes of ${key}`)
      if (!after.includes('# head')) throw new Error('a comment is gone')
      if (changePins(after, { add }) !== after) throw new Error('a second time changes something')
    }),
    { numRuns: 500 },
  )
  t.pass('500 changes')
})
