import { ApiError, problem } from './api';

/** Splits a stream of text into its lines of JSON; a last line without an end counts as well. */
export async function* jsonLines(body: ReadableStream<Uint8Array>): AsyncGenerator {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    rest += decoder.decode(value, { stream: !done });
    const lines = rest.split('\n');
    rest = done ? '' : (lines.pop() ?? '');
    for (const line of lines) if (line.trim()) yield JSON.parse(line) as unknown;
    if (done) return;
  }
}

/**
 * Starts long work on the server and follows it: `tell` hears how far it is; returns what came of it.
 * Fails with an ApiError, also when the connection broke before the end.
 */
export async function follow<P, O>(
  path: string,
  body: unknown,
  tell: (progress: P) => void,
  signal?: AbortSignal,
): Promise<O> {
  try {
    const response = await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: signal ?? null,
    });
    if (!response.ok || !response.body) throw await problem(response);
    for await (const line of jsonLines(response.body)) {
      const said = line as { progress?: P; outcome?: O; error?: string };
      if (said.progress !== undefined) tell(said.progress);
      else if (said.outcome !== undefined) return said.outcome;
      else if (said.error !== undefined) throw new ApiError(said.error, 500);
    }
  } catch (cause) {
    if (cause instanceof ApiError || signal?.aborted) throw cause;
  }
  throw new ApiError('The connection broke before the end. What was done stays; try again to go on.', 0);
}
