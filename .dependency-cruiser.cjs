// The layers. Paths are relative to the tree that is looked at: the project, or the planted violations in
// test/repo/fixtures/layers, with which scripts/check-layers.mjs proves that each rule here can fail.

/** A folder (or file pattern) of src/ that may use only the listed others; itself always. */
function mayUse(from, allowed, comment) {
  return {
    name: `${from}-uses-only-lower-layers`,
    comment,
    severity: 'error',
    from: {path: `^src/${from}/`},
    to: {path: '^src/', pathNot: [`^src/${from}/`, ...allowed.map((part) => `^src/${part}`)]},
  }
}

/** Types are erased, so they bind nothing at run time: the types of `to` are allowed, its functions are not. */
function typesOnly(from, to, comment) {
  return {
    name: `${from.split('/', 1)[0]}-uses-only-types-of-${to}`,
    comment,
    severity: 'error',
    from: {path: `^src/${from}`},
    to: {path: `^src/${to}/`, dependencyTypesNot: ['type-only']},
  }
}

/** An npm package with one home. */
function onlyIn(packageName, pattern, homes, comment) {
  return {
    name: `${packageName}-has-one-home`,
    comment,
    severity: 'error',
    from: {path: '^(src|bin)/', pathNot: homes.map((home) => `^${home}`)},
    to: {path: `node_modules/(${pattern})/|^(${pattern})(/|$)`},
  }
}

const NPM = ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-bundled', 'npm-no-pkg', 'npm-unknown']
const FACES = ['cli', 'commands', 'hub', 'health', 'install', 'quickstart', 'selftest', 'service']

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'In a cycle nothing can be understood, tested or loaded alone. A cycle of types alone binds nothing at run time.',
      severity: 'error',
      from: {path: '^src/'},
      to: {circular: true, viaOnly: {dependencyTypesNot: ['type-only']}},
    },
    {
      name: 'everything-resolves',
      comment: 'An import that cannot be resolved escapes every other rule.',
      severity: 'error',
      from: {path: '^(src|bin)/'},
      to: {couldNotResolve: true},
    },
    {
      name: 'no-barrels',
      comment: 'A barrel loads what is not asked for and hides who uses what; src/index.ts is the library, not a short cut.',
      severity: 'error',
      from: {path: '^src/'},
      to: {path: '(^|/)index\\.ts$', pathNot: '^src/commands/'},
    },
    {
      name: 'no-tests-in-the-product',
      comment: 'What ships must not need what does not ship.',
      severity: 'error',
      from: {path: '^(src|bin)/'},
      to: {path: '^(test|scripts)/'},
    },
    {
      name: 'no-development-packages-in-the-product',
      comment: 'A package of devDependencies is missing where the library is installed.',
      severity: 'error',
      from: {path: '^(src|bin)/'},
      to: {dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only']},
    },

    mayUse('errors', [], 'Errors are the bottom: every layer throws them.'),
    mayUse('platform', ['errors/'], 'The platform (clock, files, processes) knows nothing of contexts, so that it can be replaced in tests.'),
    mayUse('domain', ['errors/'], 'The rules of the product are decided by pure functions, which need nothing to be tested.'),
    {
      name: 'domain-has-no-io',
      comment: 'No I/O, no clock, no randomness: the same arguments give the same answer in a test, a simulation and a dry run.',
      severity: 'error',
      from: {path: '^src/domain/'},
      to: {dependencyTypes: ['core']},
    },
    {
      name: 'domain-has-no-packages',
      comment: 'jsonc-parser reads and edits JSON text without changing what was not touched; nothing else is pure enough.',
      severity: 'error',
      from: {path: '^src/domain/'},
      to: {dependencyTypes: NPM, pathNot: 'node_modules/jsonc-parser/'},
    },
    {
      name: 'store-contract-is-abstract',
      comment: 'The contracts of the stores bind engine and drivers; one that named a driver would bind the engine to it.',
      severity: 'error',
      from: {path: '^src/store/[^/]+\\.ts$'},
      to: {path: '^src/', pathNot: '^src/(domain|errors|platform)/|^src/store/[^/]+\\.ts$'},
    },
    typesOnly('store/[^/]+\\.ts$', 'platform', 'A contract describes; it does nothing to files or clocks itself.'),
    {
      name: 'a-driver-uses-no-other-driver',
      comment: 'Drivers are exchangeable as long as none of them needs another; what they share is contract, domain or platform.',
      severity: 'error',
      from: {path: '^src/store/([^/]+)/'},
      to: {path: '^src/', pathNot: ['^src/store/$1/', '^src/store/[^/]+\\.ts$', '^src/(domain|errors|platform)/']},
    },
    mayUse(
      'core',
      ['domain/', 'errors/', 'platform/', 'store/[^/]+\\.ts$'],
      'The engine (writer, keeper, join) runs on contracts: the simulation gives it others than the product does.',
    ),
    typesOnly('core/', 'platform', 'The engine is given its clock and its files; one that took them itself could not be simulated.'),
    mayUse(
      'usecases',
      ['core/', 'domain/', 'errors/', 'platform/', 'store/[^/]+\\.ts$'],
      'The verbs of the product are the same for commands, hub and library, so they know none of these.',
    ),
    typesOnly('usecases/', 'platform', 'A verb is given its clock and files by the composition root.'),
    mayUse(
      'verbs',
      ['domain/', 'errors/', 'usecases/'],
      'A hot verb is the same in a command, past the framework and in the hub: it knows none of these, and only the world it is given.',
    ),
    mayUse('config', ['domain/', 'errors/', 'platform/'], 'Settings are read before anything else exists.'),
    mayUse(
      'client',
      ['core/', 'domain/', 'errors/', 'platform/', 'store/[^/]+\\.ts$'],
      'The control socket is one more way to the store; it must not pull the daemon into every command.',
    ),
    typesOnly('client/', 'core', 'A call that a hub answers needs no engine, and does not load one.'),
    mayUse(
      'memory',
      ['client/', 'config/', 'core/', 'domain/', 'errors/', 'health/', 'platform/', 'store/', 'usecases/'],
      'The composition root wires drivers and engine, and only these: no face of the product.',
    ),
    typesOnly('memory/', 'health', 'The checks say which facts they want, and the composition root finds them; it judges nothing.'),
    {
      name: 'only-the-composition-root-knows-drivers',
      comment: 'Which store is used is decided in one place. (The tour and the selftest look at their own private Redis as a legacy program would.)',
      severity: 'error',
      from: {path: '^src/', pathNot: '^src/(store|memory|quickstart|selftest)/'},
      to: {path: '^src/store/[^/]+/'},
    },
    {
      name: 'only-faces-use-the-composition-root',
      comment: 'Who is wired by src/memory and imports it has a cycle in its design, if not yet in its imports.',
      severity: 'error',
      from: {path: '^src/', pathNot: [`^src/(memory|${FACES.join('|')})/`, '^src/index\\.ts$']},
      to: {path: '^src/memory/'},
    },
    mayUse(
      'hub',
      ['client/', 'config/', 'core/', 'domain/', 'errors/', 'memory/', 'platform/', 'usecases/', 'verbs/'],
      'The daemon calls the same verbs as everyone; a command line is nothing to it.',
    ),
    typesOnly('hub/', 'core', 'The daemon keeps the engine that the composition root has wired, by its type.'),
    mayUse(
      'health',
      ['core/', 'domain/', 'errors/', 'service/'],
      'A check judges facts that it is given; it must not need the daemon to say that the daemon is dead.',
    ),
    typesOnly('health/', 'core', 'A check is told what the engine found; it asks nothing itself.'),
    mayUse(
      'quickstart',
      ['errors/', 'platform/', 'store/redis/'],
      'The tour runs the program from outside, as its user does; a tour of the inside would show what no user can see.',
    ),
    mayUse(
      'selftest',
      ['domain/', 'errors/', 'platform/', 'store/redis/', 'usecases/'],
      'The proof runs the program from outside and reads what is there as a stranger: what it shares with the engine would be believed twice.',
    ),
    mayUse('service', ['errors/', 'platform/'], 'launchd and systemd are told what to start, not what it does.'),
    mayUse(
      'install',
      ['client/', 'config/', 'domain/', 'errors/', 'health/', 'memory/', 'platform/', 'service/'],
      'The installer records, applies and undoes; how the daemon works is nothing to it.',
    ),
    typesOnly('install/', 'health', 'The checks say what they want to know of an installation, and the installer finds it; it judges nothing.'),
    mayUse(
      'cli',
      ['client/', 'config/', 'core/', 'domain/', 'errors/', 'memory/', 'platform/', 'usecases/', 'verbs/'],
      'Base command, output and exit codes serve every command and know none.',
    ),
    typesOnly('cli/', 'core', 'The command line uses what the composition root has wired, by its type.'),
    mayUse(
      'commands',
      ['cli/', 'client/control\\.ts$', 'config/', 'domain/', 'errors/', 'health/', 'hub/', 'install/', 'memory/', 'quickstart/', 'selftest/', 'service/', 'usecases/', 'verbs/'],
      'A command parses, calls one verb and prints.',
    ),
    {
      name: 'nothing-uses-commands',
      comment: 'A command is loaded by its name and by nothing else; what two commands share is a use case or belongs to src/cli.',
      severity: 'error',
      from: {path: '^src/', pathNot: '^src/commands/'},
      to: {path: '^src/commands/'},
    },

    onlyIn('oclif-core', '@oclif/core', ['src/commands/', 'src/cli/', 'bin/'], 'The framework of the command line stays at the command line.'),
    onlyIn('ioredis', 'ioredis', ['src/store/redis/'], 'One driver speaks to Redis; it is also 70 ms that `get` must not pay for nothing.'),
    onlyIn('execa', 'execa', ['src/platform/'], 'Starting processes is the platform, and can then be replaced in tests.'),
    onlyIn('yaml', 'yaml', ['src/usecases/tasks/'], 'One place reads and writes YAML, and nothing but the tracking file is in it.'),
  ],
  options: {
    doNotFollow: {path: 'node_modules'},
    // Type imports are dependencies as well: a layer that needs the types of another knows it.
    tsPreCompilationDeps: true,
    tsConfig: {fileName: 'tsconfig.json'},
    enhancedResolveOptions: {exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'], mainFields: ['module', 'main', 'types']},
  },
}
