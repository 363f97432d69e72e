import { execFileSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { generatedFiles } from '../../scripts/generate.ts'
import { readVersion } from '../../src/version.ts'
import { PORTCULLIS } from '../world/commands/commands.ts'

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const VERSION = readVersion()

t.test('the version is the package’s', async t => {
  t.equal(VERSION, JSON.parse(read('package.json')).version)
  t.equal(execFileSync(PORTCULLIS, ['--version'], { encoding: 'utf8' }), `${VERSION}\n`)
})

t.test('whatever else has to name it says the same', async t => {
  t.equal(JSON.parse(read('package-lock.json')).version, VERSION, 'npm writes it')
  t.match(
    read('CHANGELOG.md'),
    new RegExp(`^# Changelog\\n\\n## ${VERSION.replaceAll('.', '\\.')}(?: |\\n)`),
    'its newest chapter',
  )
  const hooks = read('pyproject.toml')
  t.match(hooks, `\nversion = "${VERSION}"\n`)
  t.match(hooks, `\ndependencies = ["portcullis-gate==${VERSION}"]`, 'pre-commit installs the wheel of its own version')
  t.match(read('docs/how-to/ci.md'), `    rev: v${VERSION}\n`)
  const dockerfile = (await generatedFiles()).find(({ path }) => path === 'Dockerfile')
  t.match(dockerfile?.fresh, `org.opencontainers.image.version="${VERSION}"`)
  t.equal(dockerfile?.found, dockerfile?.fresh, '`npm run generate` writes it')
})

t.test('nobody is told to install the project of PyPI that happens to be called as this one', async t => {
  const folder = new URL('../../', import.meta.url)
  const told = globSync(
    ['*.md', '*.yml', '*.yaml', '*.toml', 'docs/**/*.md', 'action/*', '.github/**/*.yml', 'policies/*'],
    {
      cwd: fileURLToPath(folder),
    },
  )
  t.ok(told.length > 30)
  for (const path of told)
    t.notMatch(
      read(path),
      /(?:uvx|pip install|pipx run|pipx install|uv tool install|--from)[ "']+portcullis(?![-\w])/,
      path,
    )
})
