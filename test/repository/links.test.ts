import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import t from 'tap'

const PROJECT = join(import.meta.dirname, '../..')
const PAGES = globSync('**/*.md', { cwd: PROJECT, exclude: name => /^(?:node_modules|\..+|shared)$/.test(name) }).sort()

interface Link {
  readonly line: number
  readonly to: string
}

/** Links and pictures outside of code, as a reader of Markdown finds them. */
function linksIn(text: string): readonly Link[] {
  return proseOf(text).flatMap((line, index) =>
    [...line.replace(/`[^`]*`/g, '').matchAll(/\]\(([^()\s]*(?:\([^()\s]*\)[^()\s]*)*)\)/g)].map(([, to = '']) => ({
      line: index + 1,
      to,
    })),
  )
}

/** The lines of a page, those of blocks of code empty. */
function proseOf(text: string): readonly string[] {
  let fenced = false
  return text.split('\n').map(line => {
    const fence = /^\s*```/.test(line)
    if (fence) fenced = !fenced
    return fenced || fence ? '' : line
  })
}

/** What the headings of a page are called in its links: letters, digits, `_` and `-` in lower case, a space is `-`; a second one has `-1`. */
function anchorsIn(text: string): ReadonlySet<string> {
  const anchors = new Set<string>()
  for (const line of proseOf(text)) {
    const [, heading] = /^#{1,6} +(.+?) *$/.exec(line) ?? []
    if (heading === undefined) continue
    const plain = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-')
    let anchor = plain
    for (let again = 1; anchors.has(anchor); again += 1) anchor = `${plain}-${again}`
    anchors.add(anchor)
  }
  return anchors
}

/** What is wrong with a link of a page, by the texts of all pages and what exists. */
function wrongWith(
  { to }: Link,
  page: string,
  { read, exists }: { readonly read: (path: string) => string; readonly exists: (path: string) => boolean },
): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(to)) return undefined // other places answer for themselves
  const [path = '', anchor] = to.split('#')
  const target = path === '' ? page : normalize(join(dirname(page), path))
  if (target.startsWith('..') || path.startsWith('/')) return 'leads out of the project'
  if (!exists(target)) return 'is not there'
  if (anchor === undefined || !target.endsWith('.md')) return undefined
  return anchorsIn(read(target)).has(anchor) ? undefined : 'has no such heading'
}

const project = {
  read: (path: string) => readFileSync(join(PROJECT, path), 'utf8'),
  exists: (path: string) => existsSync(join(PROJECT, path)),
}

t.test('every link of every page leads somewhere', async t => {
  t.ok(PAGES.length > 15, PAGES.join(' '))
  for (const page of PAGES) {
    const links = linksIn(project.read(page))
    const wrong = links.flatMap(link => {
      const why = wrongWith(link, page, project)
      return why === undefined ? [] : [`${page}:${link.line}: ${link.to} ${why}`]
    })
    t.strictSame(wrong, [], `${page}: ${links.length} links`)
  }
})

t.test('the index of the documentation names every page of it', async t => {
  const index = linksIn(project.read('docs/README.md')).map(({ to }) => normalize(join('docs', to)))
  const pages = PAGES.filter(page => page.startsWith('docs/') && page !== 'docs/README.md')
  t.strictSame(
    pages.filter(page => !index.includes(page)),
    [],
  )
})

t.test('a page that a program or a file to start from names is there', async t => {
  const files = globSync(['{src,demo,scripts,bench}/**/*.ts', '*.yaml', 'policies/*.yaml', 'docker/*'], {
    cwd: PROJECT,
  })
  t.ok(files.length > 300)
  const named = files.flatMap(file =>
    [
      ...project.read(file).matchAll(/\b(?:docs\/(?:tutorial|how-to|reference|explanation)|policies)[\w./-]*\.md\b/g),
    ].map(([path]) => ({ file, path })),
  )
  t.ok(named.length > 3, `${named.length} are named`)
  t.strictSame(
    named.filter(({ path }) => !project.exists(path)),
    [],
  )
})

t.test('and it bites', async t => {
  const pages: Readonly<Record<string, string>> = {
    'docs/a.md': '# A\n\n## What `it` is, and (why)\n\n## Twice\n\n## Twice\n\n```\n# no heading\n```\n',
    'README.md': '',
  }
  const wrong = (to: string) =>
    linksIn(`[x](${to})`).map(link =>
      wrongWith(link, 'docs/a.md', { read: path => pages[path] ?? '', exists: path => path in pages }),
    )
  t.strictSame(wrong('../README.md'), [undefined])
  t.strictSame(wrong('#what-it-is-and-why'), [undefined])
  t.strictSame(wrong('a.md#twice-1'), [undefined])
  t.strictSame(wrong('https://pypi.org/'), [undefined])
  t.strictSame(wrong('README.md'), ['is not there'])
  t.strictSame(wrong('a.md#twice-2'), ['has no such heading'])
  t.strictSame(wrong('#no-heading'), ['has no such heading'])
  t.strictSame(wrong('../../README.md'), ['leads out of the project'])
  t.strictSame(wrong('/README.md'), ['leads out of the project'])
  t.strictSame(linksIn('`[x](y)`\n```\n[x](y)\n```\n'), [], 'code is no link')
  t.strictSame(
    linksIn('[![x](y.png)](z.md)').map(({ to }) => to),
    ['y.png', 'z.md'],
  )
})
