/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plain convolution and its two gradients for one element type; included by
 * convolution_reference.c with
 *     NUMBER      the element type
 *     NAMED(f)    the name of function f for this type
 * Everything is added in double.
 */

/* One output value: the filter's taps that meet the image. image: x of one sample. */
static double NAMED(output_value)(const tare_convolution *c, const int64_t out[TARE_SPATIAL],
                                  int64_t filter, const NUMBER *image, const NUMBER *w) {
    const int64_t depth = c->channels / c->groups;
    const int64_t first_channel = filter / (c->filters / c->groups) * depth;
    const int64_t taps = tare_pixels(c->kernel);
    double sum = 0;
    for (int64_t t = 0; t < taps; t++) {
        int64_t tap[TARE_SPATIAL], in[TARE_SPATIAL];
        tare_pixel_at(c->kernel, t, tap);
        if (!tare_convolution_source(c, out, tap, in)) continue;
        const NUMBER *x = image + tare_pixel_index(c->in, in) * c->channels + first_channel;
        for (int64_t k = 0; k < depth; k++)
            sum += (double)x[k] * (double)w[(t * depth + k) * c->filters + filter];
    }
    return sum;
}

void NAMED(tare_convolution_forward_reference)(const tare_convolution *c, const NUMBER *x,
                                               const NUMBER *w, const NUMBER *bias, NUMBER *y) {
    const int64_t in_pixels = tare_pixels(c->in), out_pixels = tare_pixels(c->out);
    for (int64_t n = 0; n < c->batch; n++) {
        const NUMBER *image = x + n * in_pixels * c->channels;
        for (int64_t p = 0; p < out_pixels; p++) {
            int64_t out[TARE_SPATIAL];
            tare_pixel_at(c->out, p, out);
            for (int64_t f = 0; f < c->filters; f++)
                *y++ = (NUMBER)(NAMED(output_value)(c, out, f, image, w) +
                                (bias ? (double)bias[f] : 0));
        }
    }
}

/* One value of dx: the outputs that this input took part in. dy: of one sample. */
static double NAMED(input_gradient)(const tare_convolution *c, const int64_t in[TARE_SPATIAL],
                                    int64_t channel, const NUMBER *dy, const NUMBER *w) {
    const int64_t depth = c->channels / c->groups, width = c->filters / c->groups;
    const int64_t first_filter = channel / depth * width;
    const int64_t taps = tare_pixels(c->kernel);
    double sum = 0;
    for (int64_t t = 0; t < taps; t++) {
        int64_t tap[TARE_SPATIAL], out[TARE_SPATIAL];
        tare_pixel_at(c->kernel, t, tap);
        if (!tare_convolution_target(c, in, tap, out)) continue;
        const NUMBER *d = dy + tare_pixel_index(c->out, out) * c->filters + first_filter;
        const NUMBER *row = w + (t * depth + channel % depth) * c->filters + first_filter;
        for (int64_t f = 0; f < width; f++) sum += (double)d[f] * (double)row[f];
    }
    return sum;
}

void NAMED(tare_convolution_data_reference)(const tare_convolution *c, const NUMBER *dy,
                                            const NUMBER *w, NUMBER *dx) {
    const int64_t in_pixels = tare_pixels(c->in), out_pixels = tare_pixels(c->out);
    for (int64_t n = 0; n < c->batch; n++) {
        const NUMBER *image = dy + n * out_pixels * c->filters;
        for (int64_t p = 0; p < in_pixels; p++) {
            int64_t in[TARE_SPATIAL];
            tare_pixel_at(c->in, p, in);
            for (int64_t k = 0; k < c->channels; k++)
                *dx++ = (NUMBER)NAMED(input_gradient)(c, in, k, image, w);
        }
    }
}

/* One value of dw: all samples and output pixels whose tap meets the image. */
static double NAMED(filter_gradient)(const tare_convolution *c, const int64_t tap[TARE_SPATIAL],
                                     int64_t channel, int64_t filter, const NUMBER *x,
                                     const NUMBER *dy) {
    const int64_t in_pixels = tare_pixels(c->in), out_pixels = tare_pixels(c->out);
    double sum = 0;
    for (int64_t n = 0; n < c->batch; n++) {
        for (int64_t p = 0; p < out_pixels; p++) {
            int64_t out[TARE_SPATIAL], in[TARE_SPATIAL];
            tare_pixel_at(c->out, p, out);
            if (!tare_convolution_source(c, out, tap, in)) continue;
            const int64_t pixel = n * in_pixels + tare_pixel_index(c->in, in);
            sum += (double)x[pixel * c->channels + channel] *
                   (double)dy[(n * out_pixels + p) * c->filters + filter];
        }
    }
    return sum;
}

void NAMED(tare_convolution_filter_reference)(const tare_convolution *c, const NUMBER *x,
                                              const NUMBER *dy, NUMBER *dw) {
    const int64_t depth = c->channels / c->groups, width = c->filters / c->groups;
    const int64_t taps = tare_pixels(c->kernel);
    for (int64_t t = 0; t < taps; t++) {
        int64_t tap[TARE_SPATIAL];
        tare_pixel_at(c->kernel, t, tap);
        for (int64_t k = 0; k < depth; k++)
            for (int64_t f = 0; f < c->filters; f++)
                *dw++ = (NUMBER)NAMED(filter_gradient)(c, tap, f / width * depth + k, f, x, dy);
    }
}

#undef NUMBER
#undef NAMED
