// SPDX-License-Identifier: Apache-2.0
// geometry: the length of a way through points on a sphere. Shows a plugin in C++: the constants come from functions that
// run while compiling, input is read through cJSON trees, and no exception leaves a handler.
#include <agentmesh/agentmesh.h>

#include <agentmesh/cjson.h>

#include <cmath>
#include <exception>
#include <stdexcept>
#include <vector>

namespace {

constexpr double earth_km = 6371.0088;
constexpr double degree = 3.14159265358979323846 / 180;

struct Point {
    double latitude, longitude;
};

double distance_km(const Point &from, const Point &to)
{
    const double up = std::sin((to.latitude - from.latitude) * degree / 2);
    const double along = std::sin((to.longitude - from.longitude) * degree / 2);
    const double a = up * up + std::cos(from.latitude * degree) * std::cos(to.latitude * degree) * along * along;
    return 2 * earth_km * std::asin(std::sqrt(std::fmin(1.0, a)));
}

double number(const cJSON *point, int index)
{
    return cJSON_GetArrayItem(point, index)->valuedouble; // the input schema says that it is there
}

std::vector<Point> points_of(const cJSON *input)
{
    std::vector<Point> points;
    const cJSON *point = nullptr;
    cJSON_ArrayForEach(point, cJSON_GetObjectItemCaseSensitive(input, "points"))
        points.push_back({ number(point, 0), number(point, 1) });
    return points;
}

double length_km(const std::vector<Point> &points)
{
    double sum = 0;
    for (std::size_t i = 1; i < points.size(); i++)
        sum += distance_km(points[i - 1], points[i]);
    return sum;
}

// What leaves a handler by an exception would end the host: here every one of them becomes an error.
mesh_status length_call(mesh_request *request, void *, mesh_error *err) noexcept
{
    try {
        const double km = length_km(points_of(mesh_request_tree(request)));
        return mesh_request_answerf(request, err, MESH_JSON({"km": %.3f}), km);
    } catch (const std::exception &failure) {
        return mesh_error_set(err, MESH_E_HANDLER_ERROR, "%s", failure.what());
    }
}

// Requests do not share anything, so several may run at once, and an operator may have more of them do so.
constexpr mesh_agent length = [] {
    mesh_agent agent = MESH_RESPONDER("geo.length", "The length of a way through points of the earth, in km.", length_call,
        MESH_JSON({
            "type": "object",
            "properties": {
                "points": {
                    "type": "array",
                    "items": {
                        "type": "array",
                        "prefixItems": [
                            {"type": "number", "minimum": -90, "maximum": 90},
                            {"type": "number", "minimum": -180, "maximum": 180}
                        ],
                        "minItems": 2, "maxItems": 2
                    },
                    "minItems": 1
                }
            },
            "required": ["points"]
        }),
        MESH_JSON({"type": "object", "properties": {"km": {"type": "number", "minimum": 0}}, "required": ["km"]}));
    agent.concurrency = 4;
    agent.concurrency_limit = 64;
    return agent;
}();

} // namespace

MESH_PLUGIN("1.0.0", &length);
