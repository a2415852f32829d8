/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gradients by the reverse walk. Ids are a topological order, so one loop from the ys down meets
 * every node after all that use it: no recursion, however deep the graph.
 *
 *     gradient of a value = sum over its uses of the gradient that the use's op gives for that
 * input
 *
 * Branches: what is built for a node that runs in a branch only runs there only; a contribution to
 * a value from outside is merged with zeros on its way out of the branch. Source: Griewank and
 * Walther 2008, Evaluating Derivatives, section 3.2; TensorFlow 1, ops/gradients_impl.py.
 */
#include "graph/state.h"

#include "array/shape.h"

/* One contribution, a link of a value's list; the newest comes first. */
typedef struct contribution {
    tare_edge gradient;
    int32_t next; /* index + 1; 0: the last */
} contribution;

typedef struct walk {
    tare_graph *graph;
    int32_t first, last; /* ids that matter: xs are not below first, ys not above last */
    int32_t branch;      /* where the gradients are asked for */
    uint8_t *leads;  /* per id - first: some x can be reached through its inputs, or it is an x */
    uint8_t *passes; /* per id - first: some x can be reached through its inputs */
    int32_t *cells;  /* per id - first: index + 1 of its first output's cell; 0: none yet */
    TARE_VECTOR(int32_t) heads; /* per cell: index + 1 into contributions */
    TARE_VECTOR(contribution) contributions;
    TARE_VECTOR(tare_tensor) tensors; /* scratch of one call of an op's gradient */
    TARE_VECTOR(bool) wanted;
} walk;

static bool is_floating(tare_dtype dtype) {
    return dtype == TARE_FLOAT32 || dtype == TARE_FLOAT64 || dtype == TARE_BFLOAT16;
}

/* ---- what leads to the xs */

static int64_t span(const walk *w) { return (int64_t)w->last - w->first + 1; }

static bool leads(const walk *w, tare_edge edge) {
    if (edge.node < w->first || edge.node > w->last || !w->leads[edge.node - w->first])
        return false;
    return is_floating(tare_graph_node(w->graph, edge.node)->outputs[edge.output].dtype);
}

static void mark_leads(walk *w) {
    for (int32_t id = w->first; id <= w->last; id++) {
        const tare_node *node = tare_graph_node(w->graph, id);
        bool passes = false;
        for (int32_t i = 0; i < node->input_count && !passes; i++)
            passes = leads(w, node->inputs[i]);
        w->passes[id - w->first] = passes;
        if (passes) w->leads[id - w->first] = true;
    }
}

/* ---- cells: what has flowed into each value */

/* The cell of output 0 of a node, its outputs' side by side; -1: no memory. */
static int64_t cell_of(walk *w, const tare_node *node) {
    int32_t *cell = &w->cells[node->id - w->first];
    if (*cell) return *cell - 1;
    if (!tare_vector_reserve(&w->graph->allocator, &w->heads, node->output_count)) return -1;
    const int64_t index = w->heads.count;
    for (int32_t i = 0; i < node->output_count; i++) w->heads.items[w->heads.count++] = 0;
    *cell = (int32_t)index + 1;
    return index;
}

static bool contribute(walk *w, tare_edge to, tare_tensor gradient) {
    const int64_t cell = cell_of(w, tare_graph_node(w->graph, to.node));
    if (cell < 0 || !tare_vector_reserve(&w->graph->allocator, &w->contributions, 1)) {
        tare_graph_fail_memory(w->graph);
        return false;
    }
    int32_t *head = &w->heads.items[cell + to.output];
    w->contributions.items[w->contributions.count++] =
        (contribution){{gradient.node, gradient.output}, *head};
    *head = (int32_t)w->contributions.count;
    return true;
}

/* ---- branches */

/* The branch that a node's gradient belongs to; -1: no memory (sticky). */
static int32_t branch_for(walk *w, const tare_node *node) {
    const int32_t branch = tare_branch_within(w->graph, node->branch, w->branch);
    if (branch < 0) tare_graph_fail_memory(w->graph);
    return branch;
}

/* One level out: the gradient where the branch is taken, zeros like the value where it is not. */
static tare_tensor merge_out(walk *w, tare_tensor gradient, tare_tensor value,
                             const tare_branch_side *side) {
    tare_graph *graph = w->graph;
    const tare_tensor zeros = tare_build_named(graph, "zeros_like", NULL, &value, 1);
    const tare_tensor inputs[3] = {
        tare_graph_tensor(graph, side->predicate.node, side->predicate.output),
        side->side ? gradient : zeros,
        side->side ? zeros : gradient,
    };
    return tare_build_node(graph, &tare_graph_ops[TARE_GRAPH_OP_MERGE], NULL, inputs, 3, NULL);
}

/* Takes a gradient built in branch `from` to the branch of the value it is for. */
static tare_tensor carry_out(walk *w, tare_tensor gradient, tare_edge to, int32_t from) {
    tare_graph *graph = w->graph;
    const tare_node *made = tare_graph_node(graph, to.node);
    const int32_t target = branch_for(w, made);
    if (target < 0) return tare_graph_null(graph);
    const tare_tensor value = tare_graph_tensor(graph, to.node, to.output);
    const int32_t before = tare_scope_now(graph)->branch;
    while (!tare_branch_visible(graph, from, target, NULL) && !graph->error.status) {
        const tare_branch_side side = *tare_graph_branch(graph, from);
        from = side.parent;
        tare_branch_enter(graph, from);
        gradient = merge_out(w, gradient, value, &side);
    }
    tare_branch_enter(graph, before);
    return gradient;
}

/* ---- sums */

/* The sum of what flowed into a cell, oldest first, put in its place; null: nothing has, or it
 * failed. */
static tare_tensor total(walk *w, int64_t cell) {
    tare_graph *graph = w->graph;
    const int32_t head = w->heads.items[cell];
    if (!head) return TARE_NULL;
    contribution *newest = &w->contributions.items[head - 1];
    if (newest->next) {
        w->tensors.count = 0;
        for (int32_t at = head; at; at = w->contributions.items[at - 1].next) w->tensors.count++;
        const int64_t count = w->tensors.count;
        w->tensors.count = 0;
        if (!tare_vector_reserve(&graph->allocator, &w->tensors, count)) {
            tare_graph_fail_memory(graph);
            return tare_graph_null(graph);
        }
        int64_t place = count;
        for (int32_t at = head; at; at = w->contributions.items[at - 1].next) {
            const tare_edge edge = w->contributions.items[at - 1].gradient;
            w->tensors.items[--place] = tare_graph_tensor(graph, edge.node, edge.output);
        }
        const tare_tensor sum =
            tare_build_named(graph, "add_n", NULL, w->tensors.items, (size_t)count);
        *newest = (contribution){{sum.node, sum.output}, 0};
    }
    return tare_graph_tensor(graph, newest->gradient.node, newest->gradient.output);
}

/* ---- one node */

/* Room for the tensors of one call: inputs, outputs, gradients of outputs, gradients of inputs. */
static bool reserve_call(walk *w, const tare_node *node) {
    const int64_t inputs = node->input_count, outputs = node->output_count;
    w->tensors.count = w->wanted.count = 0;
    const tare_allocator *allocator = &w->graph->allocator;
    if (tare_vector_reserve(allocator, &w->tensors, 2 * inputs + 2 * outputs) &&
        tare_vector_reserve(allocator, &w->wanted, inputs))
        return true;
    tare_graph_fail_memory(w->graph);
    return false;
}

static void fill_call(walk *w, const tare_node *node, tare_gradient *call) {
    tare_graph *graph = w->graph;
    tare_tensor *inputs = w->tensors.items, *outputs = inputs + node->input_count;
    tare_tensor *input_gradients = outputs + 2 * node->output_count;
    for (int32_t i = 0; i < node->input_count; i++) {
        const tare_edge edge = node->inputs[i];
        inputs[i] = edge.node ? tare_graph_tensor(graph, edge.node, edge.output) : TARE_NULL;
        w->wanted.items[i] = leads(w, edge);
        input_gradients[i] = TARE_NULL;
    }
    for (int32_t i = 0; i < node->output_count; i++)
        outputs[i] = tare_graph_tensor(graph, node->id, i);
    *call = (tare_gradient){.graph = graph,
                            .node = node->name,
                            .options = node->options,
                            .input_count = node->input_count,
                            .output_count = node->output_count,
                            .inputs = inputs,
                            .outputs = outputs,
                            .output_gradients = outputs + node->output_count,
                            .wanted = w->wanted.items,
                            .input_gradients = input_gradients};
}

static void refuse_gradient(walk *w, const tare_node *node, int32_t input, const char *got) {
    char need[224], shape[TARE_SHAPE_TEXT];
    const tare_tensor value =
        tare_graph_tensor(w->graph, node->inputs[input].node, node->inputs[input].output);
    tare_print(need, sizeof need, "one like input %d, %s %s", input,
               tare_dtype_name(tare_tensor_dtype(value)),
               tare_shape_text(shape, tare_tensor_shape(value)));
    tare_graph_fail(w->graph, TARE_ERROR_GRADIENT, node->def->name, node->name, got, need);
}

/* What an op gave for one input flows on, if it is of the right kind. */
static bool pass_on(walk *w, const tare_node *node, int32_t input, tare_tensor gradient,
                    int32_t branch) {
    const tare_edge to = node->inputs[input];
    const tare_type *type = &tare_graph_node(w->graph, to.node)->outputs[to.output];
    if (gradient.graph != w->graph || tare_tensor_dtype(gradient) != type->dtype ||
        !tare_shape_compatible(tare_tensor_shape(gradient), type->shape)) {
        char shape[TARE_SHAPE_TEXT], got[224];
        tare_print(got, sizeof got, "a gradient %s %s from the op",
                   tare_dtype_name(tare_tensor_dtype(gradient)),
                   tare_shape_text(shape, tare_tensor_shape(gradient)));
        refuse_gradient(w, node, input, got);
        return false;
    }
    gradient = carry_out(w, gradient, to, branch);
    return !w->graph->error.status && contribute(w, to, gradient);
}

static bool call_gradient(walk *w, const tare_node *node, tare_gradient *call) {
    tare_graph *graph = w->graph;
    tare_error error = {.status = TARE_OK};
    call->error = &error;
    const tare_status status = node->def->gradient(call);
    if (!status || graph->error.status) return !graph->error.status;
    if (error.status)
        graph->error = error;
    else
        tare_graph_fail(graph, status, node->def->name, node->name,
                        "a gradient that cannot be built", "");
    return false;
}

/* Totals of a node's outputs into the call; false: nothing has flowed into it, or a failure
 * (sticky). */
static bool gather(walk *w, const tare_node *node, tare_tensor *output_gradients) {
    const int32_t cell = w->cells[node->id - w->first];
    bool any = false;
    for (int32_t i = 0; cell && i < node->output_count; i++) {
        const tare_tensor sum = total(w, cell - 1 + i);
        if (w->graph->error.status) return false;
        if (sum.node) any = true;
    }
    if (!any || !output_gradients) return any;
    for (int32_t i = 0; i < node->output_count; i++) output_gradients[i] = total(w, cell - 1 + i);
    return true;
}

/* What is built from now on is the gradient of that node. */
static void build_for(walk *w, int32_t id) {
    const tare_node *node = tare_graph_node(w->graph, id);
    w->graph->gradient_of = node->gradient_of ? node->gradient_of : id;
}

/* Everything has flowed into the node: sums it up and passes it on to the inputs. */
static bool visit(walk *w, const tare_node *node) {
    const int32_t branch = branch_for(w, node);
    if (branch < 0) return false;
    tare_branch_enter(w->graph, branch);
    build_for(w, node->id);
    if (!gather(w, node, NULL)) return !w->graph->error.status;
    const tare_op_def *def = node->def;
    if (!w->passes[node->id - w->first]) return true;
    if (def->no_gradient) {
        tare_graph_fail(w->graph, TARE_ERROR_GRADIENT, def->name, node->name,
                        "a gradient to pass on", def->no_gradient);
        return false;
    }
    if (!def->gradient) return true;
    tare_gradient call;
    if (!reserve_call(w, node)) return false;
    fill_call(w, node, &call);
    gather(w, node, w->tensors.items + node->input_count + node->output_count);
    if (!call_gradient(w, node, &call)) return false;
    for (int32_t i = 0; i < node->input_count; i++)
        if (call.wanted[i] && (call.input_gradients[i].node || call.input_gradients[i].graph))
            if (!pass_on(w, node, i, call.input_gradients[i], branch)) return false;
    return true;
}

/* ---- the whole */

static bool check_tensors(tare_graph *graph, const tare_tensor *tensors, size_t count,
                          const char *what) {
    for (size_t i = 0; i < count; i++) {
        char got[96], need[96];
        const tare_dtype dtype = tare_tensor_dtype(tensors[i]);
        if (tensors[i].graph == graph && is_floating(dtype)) continue;
        tare_print(need, sizeof need, "a floating tensor of this graph for every %s", what);
        if (tensors[i].graph != graph || !tare_tensor_is_valid(tensors[i]) ||
            dtype == TARE_DTYPE_NONE)
            tare_print(got, sizeof got, "no tensor of this graph as %s %zu", what, i);
        else
            tare_print(got, sizeof got, "a tensor of dtype %s as %s %zu", tare_dtype_name(dtype),
                       what, i);
        tare_graph_fail(graph, TARE_ERROR_GRADIENT, "gradients", tare_tensor_name(tensors[i]), got,
                        need);
        return false;
    }
    return true;
}

static bool start(walk *w, const tare_tensor *ys, size_t y_count, const tare_tensor *xs,
                  size_t x_count) {
    w->branch = tare_scope_now(w->graph)->branch;
    w->first = INT32_MAX;
    for (size_t i = 0; i < x_count; i++)
        if (xs[i].node < w->first) w->first = xs[i].node;
    for (size_t i = 0; i < y_count; i++)
        if (ys[i].node > w->last) w->last = ys[i].node;
    if (w->last < w->first) return true; /* no y comes after any x */
    w->leads = tare_allocate_array(&w->graph->allocator, span(w), sizeof *w->leads);
    w->passes = tare_allocate_array(&w->graph->allocator, span(w), sizeof *w->passes);
    w->cells = tare_allocate_array(&w->graph->allocator, span(w), sizeof *w->cells);
    if (!w->leads || !w->passes || !w->cells) {
        tare_graph_fail_memory(w->graph);
        return false;
    }
    for (size_t i = 0; i < x_count; i++)
        if (xs[i].node <= w->last) w->leads[xs[i].node - w->first] = true;
    mark_leads(w);
    return true;
}

/* The gradients that come from outside: ones, or what the caller weighs each y by. */
static bool seed(walk *w, const tare_tensor *ys, size_t count, const tare_tensor *grad_ys) {
    tare_graph *graph = w->graph;
    for (size_t i = 0; i < count; i++) {
        const tare_edge y = {ys[i].node, ys[i].output};
        if (!leads(w, y)) continue;
        build_for(w, y.node);
        tare_branch_enter(graph, branch_for(w, tare_graph_node(graph, y.node)));
        tare_tensor weight = grad_ys ? grad_ys[i] : TARE_NULL;
        if (weight.immediate)
            weight = tare_build_immediate(graph, weight, tare_tensor_dtype(ys[i]));
        if (!weight.graph) weight = tare_build_named(graph, "ones_like", NULL, &ys[i], 1);
        if (graph->error.status) return false;
        if (weight.graph != graph || tare_tensor_dtype(weight) != tare_tensor_dtype(ys[i]) ||
            !tare_shape_compatible(tare_tensor_shape(weight), tare_tensor_shape(ys[i]))) {
            tare_graph_fail(graph, TARE_ERROR_GRADIENT, "gradients", tare_tensor_name(ys[i]),
                            "a grad_y of another shape or dtype", "one like its y");
            return false;
        }
        if (!contribute(w, y, weight)) return false;
    }
    return true;
}

static void finish(walk *w, const tare_tensor *xs, size_t x_count, tare_tensor *gradients) {
    for (size_t i = 0; i < x_count && !w->graph->error.status && w->cells; i++) {
        const int32_t cell = xs[i].node <= w->last ? w->cells[xs[i].node - w->first] : 0;
        build_for(w, xs[i].node);
        const tare_tensor sum = cell ? total(w, cell - 1 + xs[i].output) : TARE_NULL;
        if (sum.node) gradients[i] = sum;
    }
}

static void walk_free(walk *w) {
    const tare_allocator *allocator = &w->graph->allocator;
    if (w->leads) tare_release(allocator, w->leads, (size_t)span(w) * sizeof *w->leads);
    if (w->passes) tare_release(allocator, w->passes, (size_t)span(w) * sizeof *w->passes);
    if (w->cells) tare_release(allocator, w->cells, (size_t)span(w) * sizeof *w->cells);
    tare_vector_free(allocator, &w->heads);
    tare_vector_free(allocator, &w->contributions);
    tare_vector_free(allocator, &w->tensors);
    tare_vector_free(allocator, &w->wanted);
}

static void differentiate(tare_graph *graph, const tare_tensor *ys, size_t y_count,
                          const tare_tensor *xs, size_t x_count, const tare_tensor *grad_ys,
                          tare_tensor *gradients) {
    walk w = {.graph = graph};
    const int32_t branch = tare_scope_now(graph)->branch, before = graph->gradient_of;
    if (start(&w, ys, y_count, xs, x_count) && w.cells && seed(&w, ys, y_count, grad_ys)) {
        bool going = true;
        for (int32_t id = w.last; going && id >= w.first; id--)
            if (w.leads[id - w.first] && w.cells[id - w.first])
                going = visit(&w, tare_graph_node(graph, id));
    }
    finish(&w, xs, x_count, gradients);
    graph->gradient_of = before;
    tare_branch_enter(graph, branch);
    walk_free(&w);
}

tare_status tare_gradients(const tare_tensor *ys, size_t y_count, const tare_tensor *xs,
                           size_t x_count, const tare_tensor *grad_ys, tare_tensor *gradients) {
    tare_graph *graph = tare_graph_of(ys, y_count);
    if (!graph) graph = tare_graph_of(xs, x_count);
    if (!graph || !gradients || !ys || !xs) return TARE_ERROR_ARGUMENT;
    for (size_t i = 0; i < x_count; i++) gradients[i] = tare_graph_null(graph);
    if (graph->error.status) return graph->error.status;
    if (!check_tensors(graph, ys, y_count, "y") || !check_tensors(graph, xs, x_count, "x"))
        return graph->error.status;
    const tare_graph_attempt attempt = tare_graph_attempt_begin(graph);
    tare_graph_hidden_begin(graph);
    differentiate(graph, ys, y_count, xs, x_count, grad_ys, gradients);
    tare_graph_hidden_end(graph);
    tare_graph_attempt_end(graph, &attempt);
    if (graph->error.status)
        for (size_t i = 0; i < x_count; i++) gradients[i] = tare_graph_null(graph);
    return graph->error.status;
}
