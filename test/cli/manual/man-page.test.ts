import { spawnSync } from 'node:child_process'
import t from 'tap'
import { manPage } from '../../../src/cli/manual/man-page.ts'
import { outlineOf } from '../../../src/cli/manual/outline.ts'
import { createProgram, type ProgramServices } from '../../../src/cli/program.ts'
import { paper } from '../terminal/on-paper.ts'

const outline = outlineOf(
  await createProgram({ output: paper(), version: '1.2.3' } as unknown as ProgramServices, () => {}),
)
const page = manPage(outline, '1.2.3')

t.test('the page has the help of every command, and nothing in it is taken for a request', t => {
  t.match(page, /^\.TH PORTCULLIS 1 "" "portcullis 1\.2\.3"/)
  for (const name of ['serve', 'policy check', 'mirror import', 'completion'])
    t.match(page, `\n.SS portcullis ${name}\n.nf\nUsage: portcullis ${name}`, name)
  const requests = page.split('\n').filter(line => /^[.']/.test(line))
  t.strictSame(
    requests.filter(line => !/^\.(?:TH|SH|SS|B|I|RI|nf|fi|TP|\\")/.test(line)),
    [],
  )
  t.notMatch(page, /[^\\]-/, 'a hyphen is one that can be copied')
  t.end()
})

t.test(
  'man shows it as it was written, without a complaint',
  { skip: spawnSync('groff', ['--version']).status !== 0 && 'there is no groff' },
  t => {
    const words = ['-man', '-Tutf8', '-ww', '-rLL=100n', '-P-cbou']
    const { stdout, stderr } = spawnSync('groff', ['-k', ...words], { input: page, encoding: 'utf8' })
    t.equal(stderr, '')
    const shown = stdout.replaceAll(/[\u2010\u2212]/g, '-') // as it is drawn; a copy is ours to keep plain
    t.match(shown, '--allow-refused <code...>')
    t.match(shown, /portcullis policy replay --since 30d --policy acme\.yaml/)
    t.match(shown, '(default: 30d)')
    t.end()
  },
)
