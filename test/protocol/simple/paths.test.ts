import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import type { UpstreamUrl } from '../../../src/domain/packaging/artifact.ts'
import { filePathOf, parseFilePath } from '../../../src/domain/packaging/file-path.ts'

const REST = '0'.repeat(60)
const SHA256 = sha256Of('x')

t.test('a file path is two, two and sixty hex digits and a name', async t => {
  t.equal(parseFilePath('ab', 'cd', REST, 'foo-1.0.tar.gz'), `/packages/ab/cd/${REST}/foo-1.0.tar.gz`)
  t.equal(parseFilePath('ab', 'cd', REST, 'foo-1!1.0+x.tar.gz'), `/packages/ab/cd/${REST}/foo-1!1.0+x.tar.gz`)
  for (const [a, b, rest, name] of [
    ['AB', 'cd', REST, 'foo-1.0.tar.gz'],
    ['abc', 'cd', REST, 'foo-1.0.tar.gz'],
    ['..', 'cd', REST, 'foo-1.0.tar.gz'],
    ['ab', 'c\n', REST, 'foo-1.0.tar.gz'],
    ['ab', 'cd', REST.slice(1), 'foo-1.0.tar.gz'],
    ['ab', 'cd', `${REST}\n`, 'foo-1.0.tar.gz'],
    ['ab', 'cd', REST, '../../etc/passwd'],
    ['ab', 'cd', REST, '..'],
    ['ab', 'cd', REST, 'foo-1.0.tar.gz\0'],
    ['ab', 'cd', REST, 'a b'],
    ['ab', 'cd', REST, 'foo?x'],
    ['ab', 'cd', REST, 'foo#x'],
    ['ab', 'cd', REST, 'foo%2f'],
    ['ab', 'cd', REST, 'é'],
    ['ab', 'cd', REST, ''],
    ['ab', 'cd', REST, 'a'.repeat(256)],
  ] as const)
    t.equal(parseFilePath(a, b, rest, name), undefined, JSON.stringify([a, b, rest.length, name.slice(0, 20)]))
})

t.test('PyPI’s path stays, another becomes the sha256', async t => {
  const pathOf = (url: string, name: string) => filePathOf(url as UpstreamUrl, SHA256, name)
  const own = `/packages/ab/cd/${REST}/foo-1.0.tar.gz`
  const split = `/packages/${SHA256.slice(0, 2)}/${SHA256.slice(2, 4)}/${SHA256.slice(4)}`
  t.equal(pathOf(`https://files.example${own}`, 'foo-1.0.tar.gz'), own)
  t.equal(pathOf(`https://files.example/team/x${own}?token=1`, 'foo-1.0.tar.gz'), own)
  t.equal(
    pathOf(`https://files.example/packages/ab/cd/${REST}/foo-1.0%2Bx.tar.gz`, 'foo-1.0+x.tar.gz'),
    `/packages/ab/cd/${REST}/foo-1.0+x.tar.gz`,
  )
  t.equal(pathOf(`https://files.example${own}`, 'bar-1.0.tar.gz'), `${split}/bar-1.0.tar.gz`)
  t.equal(pathOf('https://files.example/root/pypi/+f/foo-1.0.tar.gz', 'foo-1.0.tar.gz'), `${split}/foo-1.0.tar.gz`)
  t.match(
    filePathOf('https://files.example/foo-1.0.zip' as UpstreamUrl, undefined, 'foo-1.0.zip'),
    /^\/packages\/[0-9a-f]{2}\/[0-9a-f]{2}\/[0-9a-f]{60}\/foo-1\.0\.zip$/,
  )
})
