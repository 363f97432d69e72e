import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

const ROOT = join(import.meta.dirname, '../..')

/** A text that is made shorter: of days, minutes and digests a part is whole. */
const SHORTER = /\.slice\(0, (?!1[026]\))(?:\w*LONGEST\w*|\d{2,})\)/

/** What ends without a mark, and why no secret can stand there. */
const UNMARKED: Readonly<Record<string, string>> = {
  'src/domain/base/cut.ts': 'the mark itself',
  'src/domain/decide/admit-with.ts': 'a name that is made of project and version',
  'src/protocol/policy/write.ts': 'names that are made of project, version and publisher',
  'src/protocol/yaml/diagnostic.ts': 'compared, and never shown',
  'src/protocol/answers/problem.ts': 'a phrase of our own, of a code',
  'src/domain/packaging/dependency.ts': 'read, and never shown',
  'src/protocol/amend/add-exemptions.ts': 'an id that is made of the name of a lock',
  'src/protocol/amend/add-offered.ts': 'an id that is made of another',
  'src/protocol/policy/write-exemptions.ts': 'names that are made of the lock’s',
  'src/protocol/policy/write-publishers.ts': 'names that are made of the publisher’s',
  'src/gate/pages/page-body.ts': 'of a digest',
  'src/gate/pages/foresight.ts': 'of a list',
  'src/gate/judge/background.ts': 'of a list',
  'src/compose/notices/hooks.ts': 'of a digest',
  'src/http/console/api/handlers/policy.ts': 'of a list',
  'src/gate/mirror/export.ts': 'the name of a file of the policy',
}

function shorterIn(text: string): boolean {
  return SHORTER.test(text)
}

t.test('a text that is cut bears the mark before which half a secret is looked for', async t => {
  const names = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  const paths = names.filter(name => name.endsWith('.ts')).map(name => `src/${name}`)
  t.ok(paths.length > 50, 'the sources were found')
  const found = paths.filter(path => shorterIn(readFileSync(join(ROOT, path), 'utf8')))
  t.strictSame(found.filter(path => !Object.hasOwn(UNMARKED, path)).sort(), [], 'cut() of src/domain/base/cut.ts marks')
})

t.test('and it bites', async t => {
  t.ok(shorterIn('return text.slice(0, LONGEST_TEXT)'))
  t.ok(shorterIn('message.slice(0, 300)'))
  t.notOk(shorterIn('formatInstant(at).slice(0, 10)'))
  t.notOk(shorterIn('cut(text, 300)'))
})
