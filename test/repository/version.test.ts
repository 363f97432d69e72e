import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
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
  const dockerfile = (await generatedFiles()).find(({ path }) => path === 'Dockerfile')
  t.match(dockerfile?.fresh, `org.opencontainers.image.version="${VERSION}"`)
  t.equal(dockerfile?.found, dockerfile?.fresh, '`npm run generate` writes it')
})
