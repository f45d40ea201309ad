import { steps } from './colour';
import { agentOfModels, type By, type Layer, type Usage } from './usage';

/** What fills a layer beside its colour, so that neighbours differ for whoever sees no colours. */
export const PATTERNS = ['solid', 'stripes', 'dots', 'lines'] as const;
export type Pattern = (typeof PATTERNS)[number] | 'hatch';

/** How a layer is drawn. */
export interface Paint {
  colour: string;
  pattern: Pattern;
  /** The agent whose hue it is; null where it is nobody's. */
  agent: string | null;
}

/** The colours of the present theme that charts are painted with. */
export interface Palette {
  surface: string;
  accent: string;
  neutral: string;
  /** An agent's own colour. */
  mark: (agent: string) => string;
}

/** What each agent used, by the agent. */
export type ByAgent = ReadonlyMap<string, Usage>;

/** Puts the answers about several agents together. */
export function byAgent(names: readonly string[], answers: readonly Usage[]): ByAgent {
  return new Map(answers.map((answer, i) => [names[i] ?? '', answer]));
}

/** Whose a model is, and which step of that agent's hue it has. */
export interface Owner {
  agent: string;
  step: number;
}

/** The steps of the agents' models: each agent's dearest model has its own colour, the next the next one. */
export function owners(used: ByAgent): Map<string, Owner> {
  const owner = agentOfModels(used);
  const found = new Map<string, Owner>();
  for (const [agent, usage] of used) {
    const own = usage.series.filter(({ key }) => key !== null && owner.get(key) === agent);
    own.forEach(({ key }, step) => key !== null && found.set(key, { agent, step }));
  }
  return found;
}

/** The colour of a model: hue is the agent, step is the model. */
export function modelColour(owner: Owner | undefined, palette: Palette): string {
  if (!owner) return palette.neutral;
  return steps(palette.mark(owner.agent), palette.surface, owner.step + 1)[owner.step] ?? palette.neutral;
}

/** How each layer of a stack is painted, in its order; neighbours differ in their pattern as well. */
export function paints(
  layers: readonly Pick<Layer, 'key' | 'other'>[],
  by: By,
  models: ReadonlyMap<string, Owner>,
  palette: Palette,
): Paint[] {
  // Projects have no hue of their own: steps of the accent take turns with neutral ones.
  const places = steps(palette.accent, palette.surface, 3).flatMap((colour, i) => [
    colour,
    steps(palette.neutral, palette.surface, 3)[i] ?? palette.neutral,
  ]);
  return layers.map(({ key, other }, i) => {
    const pattern = PATTERNS[i % PATTERNS.length] ?? 'solid';
    if (key === null || other) return { colour: palette.neutral, pattern, agent: null };
    if (by === 'project')
      return { colour: places[i % places.length] ?? palette.accent, pattern, agent: null };
    if (by === 'agent') return { colour: palette.mark(key), pattern, agent: key };
    const owner = models.get(key);
    return { colour: modelColour(owner, palette), pattern, agent: owner?.agent ?? null };
  });
}
